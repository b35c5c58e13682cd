// nginx's own colours for cells that hold a configuration of nginx. A cell's language is JupyterLab's business alone:
// the notebook does not know it.

const NGINX = 'text/x-nginx-conf';
const CONFIGURATION = /^%%(nginx\b|writefile\s+(-a\s+)?\S+\.conf\s*$)/;

/** The feature, with JupyterLab's registry of languages. */
export function colours(languages) {
  /** Once Python is there: an editor that is still loading it would put it over nginx, which loads faster. */
  async function refresh(visit) {
    if (!visit.isLesson) return;
    await languages.getLanguage(visit.notebook.codeMimetype);
    if (visit.notebook.isDisposed) return;
    for (const { model } of visit.notebook.widgets) {
      if (model.type !== 'code') continue;
      const [first] = model.sharedModel.getSource().split('\n', 1);
      const isNginx = CONFIGURATION.test(first);
      if (isNginx && model.mimeType !== NGINX) model.mimeType = NGINX;
      if (!isNginx && model.mimeType === NGINX) model.mimeType = visit.notebook.codeMimetype;
    }
  }

  return { refresh };
}
