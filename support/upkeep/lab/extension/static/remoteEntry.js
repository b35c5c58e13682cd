// A prebuilt JupyterLab extension, written by hand: what `jupyter labextension build` would generate is a
// module-federation container, that is an object with init() and get(). The rest are ordinary modules:
//
//   language.js   the language selector                  bilingual.css
//   changes.js    a notebook merely opened is unchanged
//   visit.js      a notebook that is open here, and which of its cells have run; it calls the features below
//   veil.js       run to see                             lesson.css
//   predict.js    a prediction, written down and seen again
//   done.js       what was passed and run, on the map
//   page.js       a page of a site on the bench, as a frame
//   nginx.js      the colours of %%nginx
//   parts.js tables.js said.js store.js      a lesson's Markdown, its tables; two languages; what the browser keeps
//
// bench.css is how the outputs of the bench look.
(() => {
  const NAME = 'bilingual-cells';
  const STYLES = ['bilingual.css', 'bench.css', 'lesson.css'];
  const MODULES = ['language', 'changes', 'store', 'visit', 'veil', 'predict', 'done', 'page', 'nginx'];
  const HERE = document.currentScript.src;
  let scope;

  const file = name => new URL(name, HERE).href;

  /** JupyterLab's own copy of a package. */
  async function shared(name) {
    const [version] = Object.values(scope[name]);
    return (await version.get())();
  }

  async function load() {
    const loaded = await Promise.all(MODULES.map(name => import(file(`${name}.js`))));
    return Object.fromEntries(MODULES.map((name, number) => [name, loaded[number]]));
  }

  async function plugins() {
    const { Widget } = await shared('@lumino/widgets');
    const { PageConfig } = await shared('@jupyterlab/coreutils');
    const { INotebookTracker } = await shared('@jupyterlab/notebook');
    const { IEditorLanguageRegistry } = await shared('@jupyterlab/codemirror');
    const { language, changes, store, visit, veil, predict, done, page, nginx } = await load();

    /** Puts a node at the right end of the menu bar. */
    function addToMenuBar(app, id, node, rank) {
      const widget = new Widget();
      widget.id = id;
      widget.addClass('bilingual-cells-choice');
      widget.node.append(node);
      app.shell.add(widget, 'top', { rank });
    }

    return [
      {
        id: `${NAME}:language-selector`,
        description: 'Shows bilingual cells in English, in Korean, or in both languages side by side.',
        autoStart: true,
        activate: app => {
          for (const name of STYLES) {
            document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: file(name) }));
          }
          addToMenuBar(app, `${NAME}-selector`, language.languageSelect(), 1000);
        },
      },
      {
        id: `${NAME}:real-changes`,
        description: 'Keeps a notebook that was merely opened from being marked as changed.',
        autoStart: true,
        requires: [INotebookTracker],
        activate: (app, tracker) => { tracker.widgetAdded.connect((_, panel) => changes.countRealChanges(panel)); },
      },
      {
        id: `${NAME}:lesson`,
        description: 'Veils the answers in a lesson until they were run for, keeps predictions and what was done.',
        autoStart: true,
        requires: [INotebookTracker, IEditorLanguageRegistry],
        activate: (app, tracker, languages) => {
          const features = [veil, predict, done, page.pages(PageConfig.getBaseUrl()), nginx.colours(languages)];
          const visits = new Set();
          const refresh = () => { for (const each of visits) each.refresh(); };
          const { select, update } = veil.veilSelect(refresh);
          tracker.widgetAdded.connect((_, panel) => {
            const made = new visit.Visit(panel, features);
            visits.add(made);
            panel.disposed.connect(() => visits.delete(made));
            made.begin();
          });
          for (const heard of [store.onChangeElsewhere, done.onForgotten]) {
            heard(() => {
              update();
              refresh();
            });
          }
          addToMenuBar(app, `${NAME}-veil`, select, 999);
        },
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
