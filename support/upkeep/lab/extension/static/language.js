// The language selector: the choice is an attribute of <body>, and the style sheets do the rest.

const KEY = 'bilingual-cells';
const CHOICES = { en: 'English', ko: '한국어', both: 'Side by side · 나란히' };

/** The remembered choice, or on a first visit the browser's own language. */
function currentChoice() {
  const remembered = localStorage.getItem(KEY);
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
export function languageSelect() {
  const select = document.createElement('select');
  select.title = 'Language of the text · 본문 언어';
  select.setAttribute('aria-label', select.title);
  for (const [value, text] of Object.entries(CHOICES)) select.add(new Option(text, value));
  const update = () => show(select.value = currentChoice());
  select.addEventListener('change', () => {
    localStorage.setItem(KEY, select.value);
    update();
  });
  window.addEventListener('storage', event => {
    if (event.key === KEY) update();
  });
  update();
  return select;
}
