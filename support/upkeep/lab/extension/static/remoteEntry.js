// A prebuilt JupyterLab extension, written by hand: what `jupyter labextension build` would generate is a
// module-federation container, that is an object with init() and get(). Its first plugin puts a language
// selector at the right end of the menu bar: the choice is an attribute of <body>, bilingual.css does the
// rest. Its second keeps a notebook that was merely opened from being marked as changed.
(() => {
  const NAME = 'bilingual-cells';
  const CHOICES = { en: 'English', ko: '한국어', both: 'Side by side · 나란히' };
  const STYLES = ['bilingual.css', 'bench.css'];
  const base = document.currentScript.src;
  let scope;

  /** JupyterLab's own copy of a package. */
  async function shared(name) {
    const [version] = Object.values(scope[name]);
    return (await version.get())();
  }

  /** The remembered choice, or on a first visit the browser's own language. */
  function currentChoice() {
    const remembered = localStorage.getItem(NAME);
    if (remembered in CHOICES) return remembered;
    return navigator.language.startsWith('ko') ? 'ko' : 'en';
  }

  /** Shows that choice, and leaves the topmost cell in view of every notebook where it was. A cell of which
   *  only the last 16 pixels are in view has scrolled away: they are little more than its padding. */
  function show(choice) {
    const places = [];
    for (const scroller of document.querySelectorAll('.jp-Notebook .jp-WindowedPanel-outer')) {
      const { top } = scroller.getBoundingClientRect();
      const cells = [...scroller.querySelectorAll('.jp-Cell')];
      const cell = cells.find(each => each.getBoundingClientRect().bottom > top + 16);
      if (cell) places.push([scroller, cell, cell.getBoundingClientRect().top]);
    }
    document.body.dataset.bilingualCells = choice;
    // For some frames, because cells just out of view (content-visibility) get their new height only then.
    const keepPlaces = frames => {
      for (const [scroller, cell, top] of places) scroller.scrollTop += cell.getBoundingClientRect().top - top;
      if (frames > 0) requestAnimationFrame(() => keepPlaces(frames - 1));
    };
    keepPlaces(10);
  }

  /** The <select>, kept equal to the choice made in this or in another tab. */
  function languageSelect() {
    const select = document.createElement('select');
    select.title = 'Language of the text · 본문 언어';
    select.setAttribute('aria-label', select.title);
    for (const [value, text] of Object.entries(CHOICES)) select.add(new Option(text, value));
    const update = () => show(select.value = currentChoice());
    select.addEventListener('change', () => {
      localStorage.setItem(NAME, select.value);
      update();
    });
    window.addEventListener('storage', event => {
      if (event.key === NAME) update();
    });
    update();
    return select;
  }

  /** Once a kernel has started, JupyterLab writes its name and Python's version into the notebook, which makes
   *  it a changed one on every other version. It counts as changed only when something else differs too. */
  async function countRealChanges({ context, model }) {
    await context.ready;
    const content = () => {
      const { metadata, ...rest } = model.toJSON();
      return JSON.stringify({ ...rest, metadata: { ...metadata, kernelspec: null, language_info: null } });
    };
    const opened = content();
    const check = () => {
      if (!model.dirty) return;
      if (content() === opened) model.dirty = false;
      else model.stateChanged.disconnect(check);
    };
    model.stateChanged.connect(check);
    check();
  }

  async function plugins() {
    const { Widget } = await shared('@lumino/widgets');
    const { INotebookTracker } = await shared('@jupyterlab/notebook');
    return [
      {
        id: `${NAME}:language-selector`,
        description: 'Shows bilingual cells in English, in Korean, or in both languages side by side.',
        autoStart: true,
        activate: app => {
          for (const name of STYLES) {
            const { href } = new URL(name, base);
            document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
          }
          const widget = new Widget();
          widget.id = `${NAME}-selector`;
          widget.node.append(languageSelect());
          app.shell.add(widget, 'top', { rank: 1000 });
        },
      },
      {
        id: `${NAME}:real-changes`,
        description: 'Keeps a notebook that was merely opened from being marked as changed.',
        autoStart: true,
        requires: [INotebookTracker],
        activate: (app, tracker) => { tracker.widgetAdded.connect((_, panel) => countRealChanges(panel)); },
      },
    ];
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: shareScope => { scope = shareScope; },
    get: async () => {
      const exported = { __esModule: true, default: await plugins() };
      return () => exported;
    },
  };
})();
