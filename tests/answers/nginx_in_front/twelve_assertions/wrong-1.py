%%writefile front.conf
server {
    listen {{ listen }};
    location / {
        proxy_pass http://{{ pages.address }};
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
    location /api {
        proxy_pass http://{{ api.address }}/;
        proxy_set_header Host api.internal;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        client_max_body_size 2k;
    }
    location /assets { alias assets; }
    location /private { internal; alias private; }
}
