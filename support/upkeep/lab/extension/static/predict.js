// A prediction is written down where it is asked for, and seen again below the output that answers it. It is kept in
// this browser under the notebook's path, the cell's id and the question's number in the cell; never in the file.

import { kinds } from './parts.js';
import { element, said } from './said.js';
import { read, write } from './store.js';
import { foot, rendered } from './visit.js';
import { hasAnswer, isVeiled } from './veil.js';

export function refresh(visit) {
  if (!visit.isLesson) return;
  for (const cell of visit.notebook.widgets) {
    for (const root of rendered(cell)) {
      const cards = root.querySelectorAll(':scope > [data-part=predict]');
      cards.forEach((card, number) => ask(visit, card, `${cell.model.id}#${number}`));
    }
  }
  for (const [cell, questions] of answered(visit)) recall(visit, cell, questions);
}

/** Each code cell with the questions that its output answers: those asked above it, if it is the last with an output
 *  before text comes again. So what was predicted stands between the output and the Look. */
function* answered(visit) {
  let open = [];
  let last = null;
  for (const cell of visit.notebook.widgets) {
    if (cell.model.type === 'code') {
      if (hasAnswer(cell)) {
        if (last) yield [last, []];
        last = cell;
      } else {
        yield [cell, []];
      }
    } else if (cell.model.type === 'markdown') {
      if (last) {
        yield [last, open];
        open = [];
        last = null;
      }
      open.push(...asked(cell));
    }
  }
  if (last) yield [last, open];
}

/** The questions of a Markdown cell. Both languages ask, so each stands there twice. */
function asked(cell) {
  const found = kinds(cell.model.sharedModel.getSource()).filter(kind => kind === 'predict');
  return Array.from({ length: Math.ceil(found.length / 2) }, (_, number) => `${cell.model.id}#${number}`);
}

const predictions = visit => read('predictions')[visit.path] ?? {};

/** Adds to the question a place to write, with what was written before. */
function ask(visit, card, question) {
  const kept = predictions(visit)[question] ?? '';
  const there = card.querySelector('.lesson-answer textarea');
  if (there) {
    if (there !== document.activeElement) there.value = kept; // another tab may have changed or forgotten it
    return;
  }
  const answer = element('div', 'lesson-answer');
  const text = element('textarea', '', { rows: 1, value: kept });
  const label = element('label', '');
  const where = element('span', 'lesson-kept');
  where.append(said('kept in this browser only', '이 브라우저에만 저장됩니다'));
  const name = element('span', 'lesson-answer-name');
  name.append(said('Your prediction', '내 예측'), where);
  label.append(name, text);
  answer.append(label);
  text.addEventListener('input', () => keep(visit, question, text.value));
  leaveAlone(answer, () => card.closest('.jp-Cell').focus());
  card.append(answer);
}

function keep(visit, question, text) {
  const { [question]: _, ...kept } = predictions(visit);
  if (text.trim()) kept[question] = text;
  write('predictions', { ...read('predictions'), [visit.path]: kept });
  visit.refreshSoon();
}

/** Keeps JupyterLab from taking keys and clicks that are meant for the text: Ctrl-Z would undo a change of a cell, a
 *  double click would show the cell's source. Escape leads out. */
function leaveAlone(node, leave) {
  node.dataset.lmSuppressShortcuts = 'true';
  // On its way down to the text: there JupyterLab forbids every line break and every undo inside a cell.
  node.addEventListener('beforeinput', event => event.stopPropagation(), { capture: true });
  for (const type of ['mousedown', 'dblclick']) node.addEventListener(type, event => event.stopPropagation());
  node.addEventListener('keydown', event => {
    if (event.key === 'Escape') leave();
    if (event.key === 's' && (event.ctrlKey || event.metaKey)) event.preventDefault(); // it is kept already
  });
}

function recall(visit, cell, questions) {
  const kept = predictions(visit);
  const texts = isVeiled(visit, cell) ? [] : questions.map(question => kept[question]).filter(Boolean);
  const place = foot(cell, 'prediction');
  if (texts.join('\0') === (place.dataset.texts ?? '')) return;
  place.dataset.texts = texts.join('\0');
  place.replaceChildren(...texts.map(text => {
    const note = element('div', 'lesson-recall');
    note.append(said('You predicted', '내 예측'), element('p', '', { textContent: text }));
    return note;
  }));
}
