// A notebook that is open in this page: what is seen of it, and which of its cells have run.
//
// A visit draws nothing. It calls `refresh(visit)` of each feature whenever something came, went, ran or was rendered,
// before the browser paints it, and `ran(visit, cell)` once a code cell has run. The features (veil.js, predict.js,
// done.js, page.js, nginx.js) then bring the page in line with what is so: doing it twice changes nothing.

import { divide } from './parts.js';
import { element } from './said.js';
import { read, write } from './store.js';

const COURSE = 'wsgi-asgi-nginx-lab'; // a lesson's notebook has it as its metadata.course
const RENDERED = '.jp-RenderedHTMLCommon';

export class Visit {
  #features;
  #followed = new WeakSet();
  #started = new Set();
  #printed = new Set();
  #queued = false;

  constructor(panel, features) {
    this.context = panel.context;
    this.notebook = panel.content;
    this.#features = features;
    this.ranCells = new Set(read('ran', sessionStorage)[this.path]); // a reload does not undo what was run
    this.shownCells = new Set();
  }

  /** The notebook's path on the server. */
  get path() {
    return this.context.localPath;
  }

  get isLesson() {
    return this.notebook.model?.getMetadata('course') === COURSE;
  }

  /** Whether the learner has run the cell, or is running it. A cell that was queued and then not run has not. */
  hasRun(cell) {
    return this.ranCells.has(cell.model.id) || cell.model.executionState === 'running';
  }

  /** Whether the cell's output was printed in this page: what it speaks of is most likely still there. */
  isLive(cell) {
    return this.#printed.has(cell.model.id);
  }

  /** Watches the notebook from now on; what it holds comes later. */
  begin() {
    const { notebook, context } = this;
    new MutationObserver(records => this.#see(records)).observe(notebook.node, { childList: true, subtree: true });
    notebook.model.cells.changed.connect(() => this.#follow());
    notebook.model.contentChanged.connect(() => this.refreshSoon());
    notebook.model.metadataChanged.connect(() => this.refreshSoon());
    // JupyterLab unveils what it finds hidden when a heading is unfolded.
    notebook.cellCollapsed.connect(() => this.refreshSoon());
    context.ready.then(() => this.#follow());
    this.#follow();
  }

  #follow() {
    for (const model of this.notebook.model.cells) {
      if (model.type !== 'code' || this.#followed.has(model)) continue;
      this.#followed.add(model);
      model.stateChanged.connect((_, change) => this.#heed(model, change));
    }
    this.refresh();
    this.refreshSoon(); // JupyterLab, when it has moved a cell, still sets what is hidden
  }

  #heed(model, { name, newValue }) {
    if (name === 'executionState' && newValue === 'running') {
      this.#started.add(model.id);
      this.#printed.add(model.id);
    }
    if (name === 'executionCount' && newValue !== null && this.#started.delete(model.id)) this.#ran(model);
    if (name.startsWith('execution')) this.refresh();
  }

  #ran(model) {
    this.ranCells.add(model.id);
    write('ran', { ...read('ran', sessionStorage), [this.path]: [...this.ranCells] }, sessionStorage);
    const cell = this.notebook.widgets.find(widget => widget.model === model);
    for (const feature of this.#features) feature.ran?.(this, cell);
  }

  #see(records) {
    const holds = node => node instanceof Element && (node.matches(RENDERED) || node.querySelector(RENDERED));
    const came = ({ target, addedNodes }) => target.matches(RENDERED) || [...addedNodes].some(holds);
    if (records.some(came)) this.refresh();
  }

  refreshSoon() {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.refresh();
    });
  }

  refresh() {
    if (this.notebook.isDisposed || !this.notebook.model) return;
    if (this.isLesson) this.notebook.widgets.flatMap(cell => [...rendered(cell)]).forEach(divide);
    for (const feature of this.#features) feature.refresh(this);
  }
}

/** Where a Markdown cell is rendered: one node, or none while it is edited or was never in view. */
export function rendered(cell) {
  return cell.model.type === 'markdown' ? cell.node.querySelectorAll('.jp-MarkdownOutput') : [];
}

/** The tags of a cell. */
export function tags(cell) {
  return cell.model.getMetadata('tags') ?? [];
}

/** The place below a code cell's output for what one feature has to say there, made when it is first asked for. */
export function foot(cell, feature) {
  let below = cell.node.querySelector(':scope > .lesson-foot');
  if (!below) {
    below = element('div', 'lesson-foot');
    // One order, whoever comes first. JupyterLab puts the cell's own parts before what it finds in a cell.
    below.append(...['prediction', 'passed', 'veil'].map(name => element('div', `lesson-foot-${name}`)));
    cell.node.append(below);
  }
  return below.querySelector(`.lesson-foot-${feature}`);
}
