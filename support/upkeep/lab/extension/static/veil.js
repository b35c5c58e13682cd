// Run to see: what a code cell printed when the lesson was written, and the text that speaks of it, share one veil
// until the learner has run the cell. Nothing here touches the notebook's model, so the file stays as it is.

import { kinds } from './parts.js';
import { button, said } from './said.js';
import { read, write } from './store.js';
import { foot, rendered, tags } from './visit.js';

const SHOWN = 'show'; // the tag of a cell that has nothing to predict, such as a look at the machine
const SOLUTION = 'solution:'; // how the tag of a solution begins: it is folded as it is

/** Whether the learner chose to see everything. */
export const showsAll = () => read('veil').all === true;

export function setShowsAll(all) {
  write('veil', { all });
}

export function refresh(visit) {
  if (!visit.isLesson) return;
  for (const [cell, plan] of plans(visit)) (plan.group ? veilCode : veilText)(visit, cell, plan);
}

/** Pairs of a cell and what the veil is to do there. Of a code cell: `group`, what is under its veil. Of a Markdown
 *  cell: whose veil it is under (`owner`), whether that reaches it from above (`on`), and covers the `whole` cell. */
function plans(visit) {
  const made = [];
  let owner = null;
  let on = false;
  for (const cell of visit.notebook.widgets) {
    if (cell.model.type === 'code') {
      const group = { answer: hasAnswer(cell), text: false };
      owner = tags(cell).includes(SHOWN) ? null : { cell, group };
      on = owner !== null && group.answer;
      made.push([cell, { group }]);
    } else if (cell.model.type === 'markdown' && !tags(cell).some(tag => tag.startsWith(SOLUTION))) {
      const states = [...walk(kinds(cell.model.sharedModel.getSource()), on, owner)];
      if (states.includes(true)) owner.group.text = true;
      made.push([cell, { owner, on, whole: states.length > 0 && states.every(Boolean) }]);
      on = states.at(-1) ?? on;
    }
  }
  return made;
}

/** Whether each part is under the owner's veil: a heading and a Predict end it, a Look or an Explain is always its. */
function* walk(found, on, owner) {
  for (const kind of found) {
    if (kind === 'heading' || kind === 'predict') on = false;
    if (kind === 'look' || kind === 'explain') on = owner !== null;
    yield on;
  }
}

/** Whether a code cell's output answers anything: that a file was written does not. */
export function hasAnswer(cell) {
  return cell.model.outputs.length > 0 && !cell.model.sharedModel.getSource().startsWith('%%writefile');
}

/** Whether what belongs to the code cell is to stay hidden for now. */
export function isVeiled(visit, cell) {
  return !(showsAll() || visit.shownCells.has(cell.model.id) || visit.hasRun(cell) || tags(cell).includes(SHOWN));
}

function veilCode(visit, cell, { group }) {
  const veiled = isVeiled(visit, cell);
  cell.node.classList.toggle('lesson-veiled-output', veiled && group.answer);
  const veil = foot(cell, 'veil');
  const wanted = veiled && (group.answer || group.text);
  if (!wanted) veil.replaceChildren();
  else if (!veil.firstChild) {
    veil.append(button('lesson-show', said('Run the cell, or show', '셀을 실행하거나 펼치기'), () => show(visit, cell)));
  }
}

function show(visit, cell) {
  visit.shownCells.add(cell.model.id);
  cell.node.focus({ preventScroll: true }); // the button is about to go
  cell.node.classList.add('lesson-lifted');
  visit.refresh();
}

function veilText(visit, cell, { owner, on, whole }) {
  const veiled = owner !== null && isVeiled(visit, owner.cell);
  // Hidden the way JupyterLab hides what is under a folded heading: the arrow keys pass over it. The owner is under
  // the same heading, if any.
  if (whole) cell.setHidden(veiled || owner.cell.isHidden);
  for (const root of rendered(cell)) {
    const parts = [...root.children];
    const states = [...walk(parts.map(part => part.dataset.part), on, owner)];
    parts.forEach((part, number) => part.classList.toggle('lesson-veiled', veiled && states[number]));
  }
}

/** The choice in the menu bar, kept equal to the one made in this or in another tab. */
export function veilSelect(onChange) {
  const texts = {
    en: ['Run to see', 'Show everything'], ko: ['실행하면 보이기', '모두 펼쳐 두기'],
    both: ['Run to see · 실행하면 보이기', 'Show everything · 모두 펼쳐 두기'],
  };
  const select = document.createElement('select');
  select.title = 'Outputs and what is said about them · 출력과 그 설명';
  select.setAttribute('aria-label', select.title);
  select.add(new Option('', 'run'));
  select.add(new Option('', 'all'));
  const update = () => {
    const words = texts[document.body.dataset.bilingualCells] ?? texts.both;
    [...select.options].forEach((option, number) => { option.textContent = words[number]; });
    select.value = showsAll() ? 'all' : 'run';
  };
  select.addEventListener('change', () => {
    setShowsAll(select.value === 'all');
    onChange();
  });
  new MutationObserver(update).observe(document.body, { attributeFilter: ['data-bilingual-cells'] });
  update();
  return { select, update };
}
