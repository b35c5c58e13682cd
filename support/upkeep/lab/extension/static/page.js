// A page of a site that runs on the bench (support/bench/page.py stores a link to it) is a frame once its cell has run:
// direct where the browser is on the machine of the kernel, else through jupyter-server-proxy, WebSockets included.

import { button, element, said } from './said.js';
import { read, write } from './store.js';

const HERE = ['127.0.0.1', 'localhost', '[::1]'];

/** The feature, for a Jupyter server with this address. */
export function pages(base) {
  const server = new URL(base);
  // A hub gives each user a path of their own, and their kernels are elsewhere more often than not.
  const mayBeHere = server.protocol === 'http:' && HERE.includes(server.hostname) && server.pathname === '/';
  const isDirect = () => mayBeHere && !read('page').proxy;

  /** Where the browser finds the page; null where it cannot: the proxy speaks plain HTTP to a site. */
  function address(stored) {
    if (isDirect()) return stored.href;
    return stored.protocol === 'http:' ? new URL(`proxy/${stored.port}${stored.pathname}${stored.search}`, server).href : null;
  }

  function draw(visit, place, stored) {
    const url = address(stored);
    const bar = element('div', 'lesson-page-bar');
    if (url) {
      bar.append(element('a', '', { href: url, target: '_blank', rel: 'noopener', textContent: stored.href }));
    } else {
      bar.append(stored.href, ' ', said('can be opened only on the machine itself', '이 주소는 커널이 도는 컴퓨터에서만 열립니다'));
    }
    if (mayBeHere) {
      const label = isDirect() ? said('Nothing there? Go through Jupyter', '안 보이면 Jupyter를 거쳐 열기') : said('Open directly', '직접 열기');
      bar.append(button('lesson-page-way', label, () => {
        write('page', { proxy: isDirect() });
        draw(visit, place, stored);
      }));
    }
    const frame = url && element('iframe', '', { src: url, title: `A page · 페이지: ${stored.href}` });
    place.replaceChildren(bar, ...(frame ? [frame] : []));
  }

  return {
    refresh(visit) {
      for (const cell of visit.notebook.widgets) {
        if (cell.model.type !== 'code' || !visit.isLive(cell)) continue;
        for (const link of cell.node.querySelectorAll('a.bench-page:not(.lesson-drawn)')) {
          link.classList.add('lesson-drawn');
          const place = element('div', 'lesson-page');
          draw(visit, place, new URL(link.getAttribute('href')));
          link.replaceWith(place);
        }
      }
    },
  };
}
