// What is done: the exercises that were passed and the cells that were run, lesson by lesson, kept in this browser,
// seen on the map (a table of links to lessons), and forgotten on request.

import { button, element, said } from './said.js';
import { read, write } from './store.js';
import { foot, rendered, tags } from './visit.js';

const CHECK = 'check:';
const FORGOTTEN = 'lesson-forgotten';

export function ran(visit, cell) {
  if (!visit.isLesson) return;
  const before = doneIn(visit.path);
  const passed = cell.model.outputs.length && hasPassed(cell) ? checks(cell) : [];
  keep(visit, { passed: [...before.passed, ...passed], ran: [...before.ran, cell.model.id] });
}

/** What is remembered of a lesson: passed exercises and run cells by name, and how many there are of each. */
function doneIn(path) {
  return { passed: [], ran: [], exercises: 0, cells: 0, ...read('done')[path] };
}

function keep(visit, { passed, ran }) {
  const cells = visit.notebook.widgets.filter(each => each.model.type === 'code');
  const all = [...new Set(cells.flatMap(checks))];
  const only = (kept, there) => [...new Set(kept)].filter(name => there.includes(name));
  write('done', {
    ...read('done'),
    [visit.path]: {
      passed: only(passed, all),
      ran: only(ran, cells.map(each => each.model.id)),
      exercises: all.length,
      cells: cells.length,
    },
  });
}

const checks = cell => tags(cell).filter(tag => tag.startsWith(CHECK)).map(tag => tag.slice(CHECK.length));

/** Whether the cell's last result is a passed verdict: its text begins with a check mark. */
function hasPassed(cell) {
  const results = cell.model.outputs.toJSON().map(output => output.data?.['text/plain']).filter(Boolean);
  return [results.at(-1)].flat().join('').startsWith('✓');
}

export function refresh(visit) {
  if (!visit.isLesson) return;
  const { passed } = doneIn(visit.path);
  for (const cell of visit.notebook.widgets) {
    if (cell.model.type === 'code' && checks(cell).length) {
      const place = foot(cell, 'passed');
      const wanted = checks(cell).every(name => passed.includes(name));
      if (!wanted) place.replaceChildren();
      else if (!place.firstChild) place.append('✓ ', said('You have passed this exercise', '통과한 연습입니다'));
    }
    for (const root of rendered(cell)) mark(visit, root);
  }
}

/** Writes what is done beside each link to a lesson in a table, and below the table how to forget all of it. */
function mark(visit, root) {
  const everything = read('done');
  let marked = false;
  for (const link of root.querySelectorAll('[lang] td a')) {
    // Read before JupyterLab makes an address of it, which happens right after it was rendered.
    link.dataset.lesson ??= lesson(visit, link.getAttribute('href') ?? '');
    if (!link.dataset.lesson) continue;
    const done = everything[link.dataset.lesson];
    marked ||= Boolean(done);
    const state = JSON.stringify(done ?? null);
    if (link.dataset.done === state) continue;
    link.dataset.done = state;
    if (link.nextElementSibling?.matches('.lesson-done')) link.nextElementSibling.remove();
    if (done) link.after(badge(done, link.closest('[lang]').lang, () => forget(link.dataset.lesson)));
  }
  const part = root.querySelector('[data-lesson]:not([data-lesson=""])')?.closest('[data-part]');
  const below = part?.querySelector(':scope > .lesson-forget');
  if (part && marked && !below) {
    part.append(button('lesson-forget', said('Forget all that I did', '내 기록 모두 지우기'), () => forget()));
  }
  if (!marked) below?.remove();
}

/** The path on the server of the notebook that a link leads to, '' if it is none. */
function lesson(visit, href) {
  const path = decodeURI(href.split(/[?#]/)[0]);
  if (!path.endsWith('.ipynb') || /^([a-z]+:|\/)/i.test(path)) return '';
  const base = new URL(encodeURI(visit.path), 'http://path/');
  return decodeURI(new URL(encodeURI(path), base).pathname.slice(1));
}

function badge({ passed, exercises, ran, cells }, language, press) {
  const isAll = exercises > 0 && passed.length === exercises;
  const made = element('span', isAll ? 'lesson-done lesson-all' : 'lesson-done');
  const count = exercises ? [passed.length, exercises] : [ran.length, cells];
  const words = exercises ? { en: 'exercises', ko: '연습' } : { en: 'cells', ko: '셀' };
  const cross = button('lesson-forget-one', '×', press);
  cross.title = 'Forget what I did in this lesson · 이 레슨의 기록 지우기';
  cross.setAttribute('aria-label', cross.title);
  made.title = `Exercises passed: ${passed.length}/${exercises}, cells run: ${ran.length}/${cells}\n`
    + `통과한 연습: ${passed.length}/${exercises}, 실행한 셀: ${ran.length}/${cells}`;
  made.append(`${passed.length ? '✓ ' : ''}${words[language]} ${count.join('/')}`, cross);
  return made;
}

/** Forgets what was done, and what was predicted, in one lesson or in all. */
function forget(path) {
  for (const name of ['done', 'predictions']) {
    const { [path]: _, ...others } = read(name);
    write(name, path ? others : {});
  }
  document.dispatchEvent(new Event(FORGOTTEN));
}

/** Calls back when something was forgotten in this tab. */
export function onForgotten(callback) {
  document.addEventListener(FORGOTTEN, callback);
}
