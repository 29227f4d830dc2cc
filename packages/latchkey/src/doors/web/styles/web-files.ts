/**
 * What pages load, put together from packages and from files of our own.
 *
 * Invariant: a server that is installed has them ready made (`tools/server-bundle.ts`), so it needs no style package:
 * those hold 65 MB, of which pages use a hundredth.
 * The style sheet is Primer CSS, the modules that pages use, with Primer's light and dark colors (reduced to the ones
 * in use), then rules of our own. The font is Inter (decision 0585).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageFile } from '../../../base/version.ts';
import { spriteOf } from './icons.ts';

/** The font, as files by the letters in them: browsers load the second where such a letter stands. */
export const FONTS = ['font-latin', 'font-latin-ext'] as const;
export type WebFile = 'style' | 'script' | 'icon' | 'icons' | (typeof FONTS)[number];
/** The files, by what they are. */
export type WebFiles = Readonly<Record<WebFile, Buffer>>;

const OWN = packageFile('assets/web/');
const { resolve } = createRequire(import.meta.url);

/** Modules of Primer CSS, in the order of precedence. */
const PRIMER_MODULES = [
  'primitives',
  'base',
  'buttons',
  'forms',
  'labels',
  'navigation',
  'pagination',
  'table-object',
  'utilities',
] as const;
/** Our own, in the order of precedence. */
const OWN_STYLES = ['roles', 'frame', 'page', 'controls', 'pieces', 'tables', 'tokens', 'lists', 'media'] as const;
const COLOUR_THEMES = ['light', 'dark'] as const;

/** Reads them anew at each call, in 60 to 100 ms. */
export function webFiles(): WebFiles {
  const font = (letters: string): Buffer =>
    readFileSync(resolve(`@fontsource-variable/inter/files/inter-${letters}-wght-normal.woff2`));
  return {
    style: Buffer.from(styleSheet()),
    script: Buffer.from(scripts()),
    icon: readFileSync(join(OWN, 'icon.svg')),
    icons: Buffer.from(icons()),
    'font-latin': font('latin'),
    'font-latin-ext': font('latin-ext'),
  };
}

function icons(): string {
  const folder = join(dirname(resolve('@primer/octicons')), 'build/svg');
  return spriteOf((name) => readFileSync(join(folder, `${name}-16.svg`), 'utf8'));
}

/** The style sheet as browsers get it. */
function styleSheet(): string {
  const primer = PRIMER_MODULES.map((name) =>
    readFileSync(resolve(`@primer/css/dist/${name}.css`), 'utf8').replace(/\/\*# sourceMappingURL.*?\*\//g, ''),
  );
  const own = OWN_STYLES.map((name) => readFileSync(join(OWN, `styles/${name}.css`), 'utf8'));
  const themes = COLOUR_THEMES.map((name) =>
    readFileSync(resolve(`@primer/primitives/dist/css/functional/themes/${name}.css`), 'utf8').replace(
      /\/\*[\s\S]*?\*\//g,
      '',
    ),
  );
  const used = usedVariables([...primer, ...own], themes);
  return [...themes.map((theme) => onlyUsed(theme, used)), ...primer, ...own].join('\n');
}

const NAMES = /var\(\s*(--[\w-]+)/g;
const DECLARATION = /^\s*(--[\w-]+):\s*([^;]*);\s*$/gm;

/** The colours that the rules use, and those that these are made of. */
function usedVariables(rules: readonly string[], themes: readonly string[]): ReadonlySet<string> {
  const madeOf = new Map<string, string[]>();
  for (const theme of themes)
    for (const [, name = '', value = ''] of theme.matchAll(DECLARATION))
      madeOf.set(name, [...(madeOf.get(name) ?? []), ...named(value)]);
  const used = new Set<string>();
  const waiting = rules.flatMap(named);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    waiting.push(...(madeOf.get(name) ?? []));
  }
  return used;
}

function named(text: string): string[] {
  return [...text.matchAll(NAMES)].map(([, name = '']) => name);
}

function onlyUsed(theme: string, used: ReadonlySet<string>): string {
  return theme.replace(DECLARATION, (whole, name: string) => (used.has(name) ? whole : '')).replace(/\n\s*\n+/g, '\n');
}

/**
 * All scripts are modules in one file: two custom elements of GitHub's, and our own. Every page also works without
 * them.
 */
function scripts(): string {
  const element = (name: string): string =>
    readFileSync(join(dirname(resolve(name)), 'bundle.js'), 'utf8').replace(/\nexport \{[^}]*\};?\s*$/, '');
  // Each in its own block, since their names collide.
  return [
    element('@github/clipboard-copy-element'),
    element('@github/relative-time-element'),
    readFileSync(join(OWN, 'latchkey.js'), 'utf8'),
  ]
    .map((script) => `(() => {\n${script}\n})();`)
    .join('\n');
}
