// What counts as a change of a notebook.

/** Once a kernel has started, JupyterLab writes its name and Python's version into the notebook, which makes
 *  it a changed one on every other version. It counts as changed only when something else differs too. */
export async function countRealChanges({ context, model }) {
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
