%%writefile front.conf
server {
    listen {{ listen }};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $remote_addr;
    location / {
        proxy_set_header Connection "";
        proxy_pass http://{{ pages.address }};
    }
    location /api/ {
        client_max_body_size 2k;
        proxy_set_header Host api.internal;
        proxy_pass http://{{ api.address }}/;
    }
    location /assets/ { alias assets/; }
    location /private/ {
        internal;
        alias private/;
    }
}
