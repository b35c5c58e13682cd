%%writefile front.conf
upstream pages { server {{ pages.address }}; }
upstream api { server {{ api.address }}; }
server {
    listen {{ listen }};
    proxy_http_version 1.1;
    location / {
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_pass http://pages;
    }
    location /api/ {
        client_max_body_size 2k;
        proxy_set_header Host api.internal;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_pass http://api/;
    }
    location /assets/ { alias assets/; }
    location /private/ {
        internal;
        alias private/;
    }
}
