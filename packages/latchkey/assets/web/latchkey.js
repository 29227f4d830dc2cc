/**
 * Conveniences. Every page works without this file.
 */

// After a complaint, its summary has the focus.
document.querySelector('[data-focus]')?.focus();

// A click into a text to copy selects the whole of it.
for (const field of document.querySelectorAll('[data-select]')) {
  field.addEventListener('focus', () => field.select());
}

// A copied text says so, to eyes and to screen readers.
document.addEventListener('clipboard-copy', ({ target }) => {
  const words = target.querySelector('span');
  const before = words.textContent;
  words.textContent = 'Copied';
  words.setAttribute('role', 'status');
  setTimeout(() => {
    words.textContent = before;
    words.removeAttribute('role');
  }, 2000);
});

// Menus close by Escape, and by a click elsewhere.
for (const menu of document.querySelectorAll('details[data-menu]')) {
  document.addEventListener('click', ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
  menu.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape') return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
}

// A form that is being sent can't be sent twice by a second click; the server refuses it anyway.
document.addEventListener('submit', ({ target }) => {
  for (const button of target.querySelectorAll('button[type=submit]')) {
    setTimeout(() => {
      button.disabled = true;
    });
  }
});

// The back button may bring the page back as it was left.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) for (const button of document.querySelectorAll('button[type=submit]:disabled')) button.disabled = false;
});

// What stands in `data-filter` narrows the list that it names, as one types.
for (const field of document.querySelectorAll('input[data-filter]')) {
  const list = document.getElementById(field.dataset.filter);
  field.addEventListener('input', () => {
    const words = field.value.trim().toLowerCase().split(/\s+/);
    for (const item of list.querySelectorAll('[data-words]')) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
    }
  });
}
