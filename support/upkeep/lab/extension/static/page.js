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

  /** Where the browser finds the page; null where it cannot: to a site, the proxy speaks plain HTTP. */
  function address(stored) {
    if (isDirect() || (mayBeHere && stored.protocol === 'https:')) return stored.href;
    if (stored.protocol === 'https:') return null;
    return new URL(`proxy/${stored.port}${stored.pathname}${stored.search}`, server).href;
  }

  function draw(place, stored) {
    const url = address(stored);
    const bar = element('div', 'lesson-page-bar');
    place.replaceChildren(bar);
    if (!url) {
      const nowhere = said('can be opened only on the machine where the kernel runs', '이 주소는 커널이 도는 컴퓨터에서만 열립니다');
      bar.append(stored.href, nowhere);
      return;
    }
    bar.append(element('a', '', { href: url, target: '_blank', rel: 'noopener', textContent: stored.href }));
    if (mayBeHere) bar.append(hint(place, stored));
    place.append(element('iframe', '', { src: url, title: `A page · 페이지: ${stored.href}` }));
  }

  /** What to do where nothing is to be seen: the kernel may be elsewhere all the same, behind a forwarded port. */
  function hint(place, stored) {
    if (stored.protocol === 'https:') {
      return said('Nothing there? Open it once and accept its certificate', '안 보이면 한 번 열어 인증서를 수락하세요');
    }
    const label = isDirect()
      ? said('Nothing there? Go through Jupyter', '안 보이면 Jupyter를 거쳐 열기')
      : said('Open directly', '직접 열기');
    return button('lesson-page-way', label, () => {
      write('page', { proxy: isDirect() });
      draw(place, stored);
    });
  }

  return {
    refresh(visit) {
      for (const cell of visit.notebook.widgets) {
        if (cell.model.type !== 'code' || !visit.isLive(cell)) continue;
        for (const link of cell.node.querySelectorAll('a.bench-page:not(.lesson-drawn)')) {
          link.classList.add('lesson-drawn');
          const place = element('div', 'lesson-page');
          draw(place, new URL(link.getAttribute('href')));
          link.replaceWith(place);
        }
      }
    },
  };
}
