%%writefile hybrid.conf
map $http_upgrade $upgrade { default "";  websocket websocket; }
map $http_upgrade $connection_upgrade { default "";  websocket upgrade; }
upstream pages { server {{ pages.address }}; }
upstream chat { server {{ chat.address }}; }
server {
    listen {{ listen }};
    proxy_http_version 1.1;
    location / {
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        proxy_pass http://pages;
    }
    location /ws/ {
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_pass http://chat/;
    }
}
