// The parts of a lesson's Markdown: headings, Predict, Look, Explain, and text; in the source and once rendered.

import { reach } from './tables.js';

const LABELS = {
  'Predict.': 'predict', '예측.': 'predict', 'Look.': 'look', '관찰.': 'look', 'Explain.': 'explain', '설명.': 'explain',
};
const FENCE = /^\s*(```|~~~)/;
const HEADING = /^#{1,6} /;
const LABEL = /^\*\*(\S+\.)\*\*/;

/** What a Markdown source is made of, in order: 'heading', 'predict', 'look' and 'explain', and first 'text' where
 *  something else stands above them. Each language counts, so what one says in both stands there twice. */
export function kinds(source) {
  const found = [];
  let fenced = false;
  for (const line of source.split('\n')) {
    if (FENCE.test(line)) fenced = !fenced;
    const kind = fenced ? undefined : HEADING.test(line) ? 'heading' : LABELS[LABEL.exec(line)?.[1]];
    if (kind) found.push(kind);
    else if (!found.length && line.trim() && !/^<\/?div\b/.test(line)) found.push('text');
  }
  return found;
}

/** Divides rendered Markdown into its parts, once. Each child of `root` then says in data-part which kind it is. An
 *  English and a Korean <div> become one part after the other, each with its own pair, so that both languages of a
 *  Look are one thing: to veil, to frame, and side by side to begin on one line. */
export function divide(root) {
  if (!root.firstElementChild || root.firstElementChild.dataset.part) return;
  for (const child of [...root.children]) {
    const next = child.nextElementSibling;
    if (isHalf(child, 'en') && isHalf(next, 'ko')) {
      child.before(...pairs(child, next));
      child.remove();
      next.remove();
    } else if (child.parentNode === root) {
      child.dataset.part = /^H[1-6]$/.test(child.tagName) ? 'heading' : 'text';
    }
  }
  reach(root);
}

const isHalf = (node, language) => node?.tagName === 'DIV' && node.lang === language;

function pairs(english, korean) {
  const halves = [places(english), places(korean)];
  const kindsOf = half => half.map(place => place.kind).join();
  if (kindsOf(halves[0]) !== kindsOf(halves[1])) {
    // They do not say the same, so they cannot be told apart together: one part, of the kind it begins with.
    const { kind } = halves[0].find(place => place.nodes.length) ?? halves[0][0];
    return [pair(kind, ...halves.map(half => half.flatMap(place => place.nodes)))];
  }
  return halves[0]
    .map(({ kind, nodes }, number) => [kind, nodes, halves[1][number].nodes])
    .filter(([, en, ko]) => en.length || ko.length)
    .map(([kind, en, ko]) => pair(kind, en, ko));
}

/** What stands above a half's first label, then each label's part and, below a Predict, the text that follows it:
 *  the question is its paragraph with the lists and tables right below. */
function places(half) {
  const found = [{ kind: 'text', nodes: [] }];
  for (const node of [...half.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE && !node.data.trim()) continue;
    const kind = label(node);
    if (kind) found.push({ kind, nodes: [] });
    if (kind === 'predict') found.push({ kind: 'text', nodes: [] });
    const question = found.at(-2)?.kind === 'predict' && !found.at(-1).nodes.length;
    const asks = kind || !['P', 'DETAILS'].includes(node.nodeName);
    found.at(question && asks ? -2 : -1).nodes.push(node);
  }
  return found;
}

/** The kind of a paragraph that begins with a label, which is then marked as one. */
function label(node) {
  const strong = node.nodeName === 'P' && node.firstChild?.nodeName === 'STRONG' ? node.firstChild : null;
  const kind = LABELS[strong?.textContent];
  if (kind) strong.classList.add('lesson-label');
  return kind;
}

function pair(kind, en, ko) {
  const part = document.createElement('div');
  part.dataset.part = kind;
  for (const [lang, nodes] of [['en', en], ['ko', ko]]) {
    const half = Object.assign(document.createElement('div'), { lang });
    half.append(...nodes);
    part.append(half);
  }
  return part;
}
