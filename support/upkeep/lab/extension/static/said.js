// What the extension itself says: in both languages, of which lesson.css shows the one that the learner chose.

/** A <span> with both texts. What CSS hides is not read aloud either. */
export function said(en, ko) {
  const both = element('span', 'lesson-said');
  for (const [lang, textContent] of [['en', en], ['ko', ko]]) both.append(element('span', '', { lang, textContent }));
  return both;
}

/** A new element with a class and properties. */
export function element(tag, className, properties = {}) {
  return Object.assign(document.createElement(tag), { className, ...properties });
}

/** A button that says a text in both languages. JupyterLab's shortcuts leave its keys alone: Enter presses it. */
export function button(className, label, press) {
  const made = element('button', className, { type: 'button', onclick: press });
  made.dataset.lmSuppressShortcuts = 'true';
  made.append(label);
  return made;
}
