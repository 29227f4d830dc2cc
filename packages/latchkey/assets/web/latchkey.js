/**
 * Conveniences. Every page works without this file.
 */

// Shows what needs scripts, and hides what stands in for it.
document.documentElement.dataset.scripts = 'on';

// After a complaint, its summary has the focus.
document.querySelector('[data-focus]')?.focus();

// A click into a text for copying selects all of it.
for (const field of document.querySelectorAll('[data-select]')) {
  field.addEventListener('focus', () => field.select());
}

// After copying, the button says so to eyes, and a separate region to screen readers.
const spoken = document.body.appendChild(document.createElement('div'));
spoken.className = 'sr-only';
spoken.setAttribute('role', 'status');
document.addEventListener('clipboard-copy', ({ target }) => {
  const words = target.querySelector('span');
  const icon = target.querySelector('use');
  const [text, label, picture] = [words.textContent, target.getAttribute('aria-label'), icon.getAttribute('href')];
  if (text === 'Copied') return;
  words.textContent = 'Copied';
  icon.setAttribute('href', picture.replace('#copy', '#check'));
  target.setAttribute('aria-label', 'Copied');
  spoken.textContent = 'Copied';
  setTimeout(() => {
    words.textContent = text;
    icon.setAttribute('href', picture);
    target.setAttribute('aria-label', label);
    spoken.textContent = '';
  }, 2000);
});

// Sections with headings become tabs.
for (const place of document.querySelectorAll('[data-tabs]')) {
  const panels = [...place.children];
  const list = document.createElement('div');
  list.className = 'lk-tab-list';
  list.setAttribute('role', 'tablist');
  list.setAttribute('aria-label', place.dataset.tabs);
  const tabs = panels.map((panel) => {
    const heading = panel.querySelector('h2');
    const tab = document.createElement('button');
    Object.assign(tab, { type: 'button', id: `${panel.id}-tab`, textContent: heading.textContent });
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', panel.id);
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    heading.hidden = true;
    return list.appendChild(tab);
  });
  const choose = (chosen) => {
    for (const [index, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panels[index].hidden = tab !== chosen;
    }
  };
  list.addEventListener('click', ({ target }) => tabs.includes(target) && choose(target));
  list.addEventListener('keydown', (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs.at(to % tabs.length);
    choose(tab);
    tab.focus();
  });
  place.prepend(list);
  choose(tabs[0]);
}

// The line below a new secret changes when the secret is used, for a quarter of an hour. The address of the stream is
// that of the page.
for (const line of document.querySelectorAll('[data-live-use]')) {
  if (line.querySelector('.lk-live-check') === null) break;
  const source = new EventSource(`${location.pathname}/live`);
  const show = ({ data }) => {
    line.replaceChildren(...new DOMParser().parseFromString(data, 'text/html').body.childNodes);
  };
  const stop = () => {
    source.close();
    delete line.dataset.listens;
  };
  source.addEventListener('open', () => {
    line.dataset.listens = 'on';
  });
  source.addEventListener('line', show);
  source.addEventListener('used', (event) => {
    show(event);
    stop();
  });
  source.addEventListener('error', () => source.readyState === EventSource.CLOSED && stop());
  setTimeout(stop, 900_000);
}

// Menus close on Escape, and on a click elsewhere; arrows move in them.
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details[data-menu][open]'))
    if (!menu.contains(target)) menu.open = false;
});
document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  const menu = target.closest('details[data-menu]');
  if (menu === null) return;
  if (key === 'Escape') {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
  if (!menu.open || (key !== 'ArrowDown' && key !== 'ArrowUp')) return;
  const items = [...menu.querySelectorAll('a, button')];
  const at = items.indexOf(document.activeElement);
  items.at(key === 'ArrowDown' ? (at + 1) % items.length : at < 0 ? -1 : at - 1)?.focus();
  event.preventDefault();
});

// A slash goes to the search of a list, while nothing is typed.
const listSearch = document.querySelector('input[data-slash]');
if (listSearch !== null) {
  listSearch.setAttribute('aria-keyshortcuts', '/');
  listSearch.title = 'Press / to search';
}
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches('textarea, select, input:not([type=checkbox], [type=radio])')) return;
  if (listSearch === null) return;
  event.preventDefault();
  listSearch.focus();
  listSearch.select();
});

// What is typed stays when the page goes away and comes back: the connection is gone, or somebody steps back. It is
// kept with this step of the tab's history, which no other page can read, without passwords and codes.
const who = document.body.dataset.who;
const isKept = ({ type, name, autocomplete }) =>
  name && !['hidden', 'password', 'submit', 'button', 'file'].includes(type) && autocomplete !== 'one-time-code';
const isTicked = ({ type }) => type === 'checkbox' || type === 'radio';
const typedForms = [...document.querySelectorAll('main form[method=post]:not(.lk-inline-form)')];
const typedBefore = who !== undefined && history.state?.who === who ? history.state.typed : null;
const keep = () => {
  const typed = typedForms.map((form) =>
    [...form.elements].filter(isKept).map((field) => [field.name, field.value, field.checked === true]),
  );
  history.replaceState({ who, typed }, '');
};
const bringBack = (form, fields) => {
  for (const field of [...form.elements].filter(isKept)) {
    const at = fields.findIndex(([name, value]) => name === field.name && (!isTicked(field) || value === field.value));
    if (at < 0) continue;
    const [[, value, checked]] = fields.splice(at, 1);
    if (isTicked(field)) field.checked = checked;
    else field.value = value;
  }
};
if (who !== undefined)
  typedForms.forEach((form, at) => {
    bringBack(form, [...(typedBefore?.[at] ?? [])]);
    form.addEventListener('input', keep);
    form.addEventListener('change', keep);
  });

/** Tells something beside a form's button. */
const tell = (form, ...words) => {
  let place = form.querySelector(':scope > [data-told]');
  if (place === null) {
    place = document.createElement('p');
    place.className = 'flash flash-warn mt-3 mb-0';
    place.dataset.told = '';
    place.setAttribute('role', 'status');
    form.append(place);
  }
  place.hidden = words.length === 0;
  place.replaceChildren(...words);
};

// A second click can't send a form again while it is being sent; the server refuses that anyway. Without a connection
// nothing is sent, so that the page with what was typed stays.
document.addEventListener('submit', (event) => {
  const { target, defaultPrevented } = event;
  // A form that isn't sent now shows by itself how long it is busy.
  if (defaultPrevented) return;
  if (!navigator.onLine) {
    event.preventDefault();
    tell(target, 'You are offline. What you typed stays here: send it when you are connected again.');
    return;
  }
  target.setAttribute('aria-busy', 'true');
  for (const button of target.querySelectorAll('button[type=submit]')) {
    setTimeout(() => {
      button.disabled = true;
    });
  }
});

// The back button may restore the page in the state it was left in.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  for (const form of document.querySelectorAll('form[aria-busy]')) form.removeAttribute('aria-busy');
  for (const button of document.querySelectorAll('button[type=submit]:disabled')) button.disabled = false;
});

for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());

// Text in `data-filter` narrows the list that it names while one types; groups open during a search.
function wireFilters() {
  for (const field of document.querySelectorAll('input[data-filter]')) {
    field.oninput = () => {
      const list = document.getElementById(field.dataset.filter);
      const words = field.value.trim().toLowerCase().split(/\s+/);
      for (const item of list.querySelectorAll('[data-words]'))
        item.hidden = !words.every((word) => item.dataset.words.includes(word));
      if (field.value.trim() !== '') for (const group of list.querySelectorAll('details')) group.open = true;
    };
  }
}
wireFilters();

// A form with a preview: on every change, the server is asked for the page as it would be, and the parts marked
// `data-live` are replaced. The focused element stays, so that nobody is thrown out of a field.
for (const form of document.querySelectorAll('form[data-live-form]')) {
  let asked = 0;
  let timer;
  const stale = (...words) => Object.assign(new Error('stale'), { words });
  let changed = null;
  const refresh = async () => {
    const turn = ++asked;
    const fields = new URLSearchParams([['form', 'show'], ...new FormData(form)]);
    const response = await fetch(form.action, { method: 'POST', body: fields, redirect: 'error' });
    if (turn !== asked) return;
    if (response.status === 401) {
      const link = Object.assign(document.createElement('a'), { href: '/login', target: '_blank', rel: 'noopener' });
      link.textContent = 'Sign in in a new tab';
      throw stale('You are signed out. What you typed stays here, but the summary is out of date. ', link, '.');
    }
    if (response.status >= 500) throw stale('The server did not answer. The summary may be out of date.');
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    if (turn !== asked) return;
    const focused = document.activeElement.id;
    for (const part of form.querySelectorAll('[data-live]')) {
      const other = fresh.getElementById(part.id);
      if (other === null) continue;
      // A list whose choice was just made may go to another place; whoever types or chooses elsewhere isn't disturbed.
      const active = document.activeElement;
      if (part.contains(active) && !(active === changed && active.tagName === 'SELECT')) continue;
      const open = [...part.querySelectorAll('details[open]')].map(({ dataset }) => dataset.group);
      part.replaceChildren(...other.childNodes);
      for (const group of part.querySelectorAll('details')) if (open.includes(group.dataset.group)) group.open = true;
    }
    wireFilters();
    if (focused !== '' && document.activeElement === document.body) document.getElementById(focused)?.focus();
    delete form.dataset.stale;
    tell(form);
  };
  const busy = (is) => {
    for (const part of form.querySelectorAll('[data-live]')) part.setAttribute('aria-busy', String(is));
  };
  const refreshOrTell = async () => {
    const late = setTimeout(() => busy(true), 300);
    try {
      await refresh();
    } catch (error) {
      form.dataset.stale = '';
      tell(form, ...(error.words ?? ['The server can’t be reached. The summary may be out of date.']));
    }
    clearTimeout(late);
    busy(false);
  };
  const soon = (wait) => {
    clearTimeout(timer);
    // An answer on its way doesn't know of this change.
    asked += 1;
    timer = setTimeout(() => {
      void refreshOrTell();
    }, wait);
  };
  // What came back, or was brought back, may differ from what the server summed up.
  if (typedBefore) soon(0);
  form.addEventListener('change', ({ target }) => {
    if (target.name?.endsWith('expires_in'))
      form.querySelector('[data-custom-day]').dataset.customDay = target.value === 'custom' ? 'on' : 'off';
    if (target.name?.endsWith('selection'))
      target.closest('[data-section]').querySelector('.lk-selected').dataset.shown =
        target.value === 'selected' ? 'on' : 'off';
    if (target.name?.endsWith('target_name'))
      target.closest('[data-section]').querySelector('.lk-other-owner').dataset.shown =
        target.value === '*' ? 'on' : 'off';
    changed = target;
    if (target.type !== 'search') soon(50);
  });
  form.addEventListener('input', ({ target }) => {
    if ('liveSearch' in target.dataset) soon(200);
  });
  form.addEventListener('click', ({ target }) => {
    const list = document.getElementById(target.closest('[data-empties]')?.dataset.empties ?? '');
    if (list === null) return;
    list.value = '';
    list.focus();
    list.dispatchEvent(new Event('change', { bubbles: true }));
  });
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.target.type !== 'search') return;
    event.preventDefault();
    soon(0);
  });
}

// One box ticks all of a list.
for (const all of document.querySelectorAll('[data-selects]')) {
  const boxes = [...document.querySelectorAll(`input[name="${all.dataset.selects}"][type=checkbox]`)];
  const show = () => {
    const ticked = boxes.filter(({ checked }) => checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    // What is done with all selected ones at once appears with the first of them.
    const told = boxes[0]?.form.querySelector('[data-selected]');
    if (!told) return;
    told.textContent = ticked > 1 ? `${ticked} ` : '';
    boxes[0].form.hidden = ticked === 0;
  };
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener('change', show);
  show();
}

// Keys of an inbox, while nothing is typed: j and k move, x ticks, the others press what bears them.
for (const inbox of document.querySelectorAll('[data-inbox]')) {
  const items = [...inbox.querySelectorAll('[data-item]')];
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches('textarea, select, input:not([type=checkbox])')) return;
    const at = items.findIndex((item) => item.contains(document.activeElement));
    const boxOf = (item) => item?.querySelector('input[type=checkbox]');
    if (key === 'j' || key === 'k')
      boxOf(items[key === 'j' ? Math.min(at + 1, items.length - 1) : Math.max(at - 1, 0)]).focus();
    else if (at >= 0 && key === 'x') boxOf(items[at]).click();
    else if (at >= 0 && key === 'a') items[at].querySelector('[data-key=a]').click();
    else if (at >= 0 && key === 'd') {
      items[at].querySelector('details:has(> [data-key=d])').open = true;
      items[at].querySelector('[name=reason]').focus();
    } else return;
    event.preventDefault();
  });
}

// The same toggle for choosing a day, in forms without a preview.
for (const choice of document.querySelectorAll('form:not([data-live-form]) [data-custom-day] select')) {
  choice.addEventListener('change', () => {
    choice.closest('[data-custom-day]').dataset.customDay = choice.value === 'custom' ? 'on' : 'off';
  });
}

// A scope that includes others shows those as ticked.
const scopeBoxes = [...document.querySelectorAll('input[data-includes]')];
const showIncluded = () => {
  const included = new Set(
    scopeBoxes.filter(({ checked }) => checked).flatMap(({ dataset }) => dataset.includes.split(' ')),
  );
  for (const box of scopeBoxes) {
    const isIncluded = included.has(box.value);
    if (isIncluded) box.checked = true;
    box.disabled = isIncluded;
  }
};
for (const box of scopeBoxes) {
  box.addEventListener('change', () => {
    if (!box.checked)
      for (const name of box.dataset.includes.split(' '))
        for (const other of scopeBoxes) if (other.value === name) other.checked = false;
    showIncluded();
  });
}
if (scopeBoxes.length > 0) showIncluded();

/** A little less than a challenge lasts. */
const PASSKEY_QUESTION_MS = 270_000;

// Passkeys: the form appears where the browser supports them, and sends the authenticator's answer.
for (const place of document.querySelectorAll('[data-passkey]')) {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
  place.hidden = false;
  const form = place.querySelector('form');
  const told = place.querySelector('[role=status]');
  const busy = (is) => {
    for (const button of form.querySelectorAll('button')) button.disabled = is;
  };
  const options = JSON.parse(place.dataset.options);
  const send = (credential) => {
    form.elements.passkey.value = JSON.stringify(credential.toJSON());
    form.submit();
  };
  let offer = new AbortController();
  // Offered beside names in the username field, as long as the challenge is valid. A person who types has chosen
  // otherwise.
  const offerInField = async () => {
    if (place.dataset.autofills === undefined) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const { signal } = offer;
    setTimeout(() => offer.abort(), PASSKEY_QUESTION_MS);
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    await navigator.credentials.get({ publicKey, mediation: 'conditional', signal }).then(send, () => {});
  };
  const answer = async () => {
    told.textContent = '';
    busy(true);
    // A browser handles one request at a time.
    offer.abort();
    offer = new AbortController();
    try {
      send(
        place.dataset.passkey === 'create'
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
      );
    } catch (error) {
      busy(false);
      void offerInField();
      told.textContent =
        error.name === 'InvalidStateError'
          ? 'That authenticator has a passkey of this account already.'
          : 'Nothing was signed. Try again.';
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void answer();
  });
  void offerInField();
}

/* While nobody knows in which time zone the reader is, the server is told once. */
const zoneToken = document.body.dataset.zoneToken;
if (zoneToken !== undefined)
  fetch(`${new URL(document.querySelector('a.lk-brand').href).pathname}settings/appearance`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      form: 'zone',
      token: zoneToken,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? '',
    }),
  }).catch(() => undefined);
