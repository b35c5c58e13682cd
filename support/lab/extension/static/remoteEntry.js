// A prebuilt JupyterLab extension, written by hand: what `jupyter labextension build` would generate is a
// module-federation container, that is an object with init() and get(). It puts a language selector at the
// right end of the menu bar; the choice is an attribute of <body>, and bilingual.css does the rest.
(() => {
  const NAME = 'bilingual-cells';
  const CHOICES = { en: 'English', ko: '한국어', both: 'Side by side · 나란히' };
  const stylesheet = new URL('bilingual.css', document.currentScript.src).href;
  let sharedModules;

  /** The remembered choice, or on a first visit the browser's own language. */
  function currentChoice() {
    const remembered = localStorage.getItem(NAME);
    if (remembered in CHOICES) return remembered;
    return navigator.language.startsWith('ko') ? 'ko' : 'en';
  }

  /** Shows that choice, and leaves the topmost cell of each notebook in view where it was. */
  function show(choice) {
    const tops = [];
    for (const scroller of document.querySelectorAll('.jp-Notebook .jp-WindowedPanel-outer')) {
      const edge = scroller.getBoundingClientRect().top;
      const cells = [...scroller.querySelectorAll('.jp-Cell')];
      const cell = cells.find(each => each.getBoundingClientRect().bottom > edge);
      if (cell) tops.push([scroller, cell, cell.getBoundingClientRect().top]);
    }
    document.body.dataset.bilingualCells = choice;
    for (const [scroller, cell, top] of tops) scroller.scrollTop += cell.getBoundingClientRect().top - top;
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

  const plugin = {
    id: `${NAME}:language-selector`,
    description: 'Shows bilingual cells in English, in Korean, or in both languages side by side.',
    autoStart: true,
    activate: async app => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: stylesheet });
      document.head.append(link);
      const [lumino] = Object.values(sharedModules['@lumino/widgets']);
      const { Widget } = (await lumino.get())();
      const widget = new Widget();
      widget.id = `${NAME}-selector`;
      widget.node.append(languageSelect());
      app.shell.add(widget, 'top', { rank: 1000 });
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => { sharedModules = scope; },
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
