/**
 * The icons that pages use: GitHub's octicons, 16 px, by their names.
 *
 * All of them are one file with a `<symbol>` for each, which is loaded once; a page only names the ones it shows.
 */

/** In the order of the alphabet. A name stands here once a page shows the icon. */
const ICONS = [
  'alert',
  'apps',
  'arrow-left',
  'check',
  'check-circle-fill',
  'circle-slash',
  'clock',
  'code',
  'copy',
  'device-desktop',
  'gear',
  'git-branch',
  'git-branch-check',
  'history',
  'home',
  'hourglass',
  'hubot',
  'inbox',
  'info',
  'kebab-horizontal',
  'key',
  'key-asterisk',
  'law',
  'log',
  'mail',
  'no-entry',
  'organization',
  'paintbrush',
  'passkey-fill',
  'people',
  'person',
  'person-add',
  'plus',
  'pulse',
  'repo',
  'search',
  'server',
  'shield-lock',
  'sync',
  'three-bars',
  'workflow',
  'x',
] as const;

export type IconName = (typeof ICONS)[number];

/** The file: `svgOf` gives the package's text of each icon. */
export function spriteOf(svgOf: (name: IconName) => string): string {
  const symbols = ICONS.map((name) => {
    const [, shape] = /<svg[^>]*>(.*)<\/svg>/s.exec(svgOf(name)) ?? [];
    if (shape === undefined) throw new Error(`no picture in the icon ${name}`);
    return `<symbol id="${name}" viewBox="0 0 16 16">${shape}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`;
}
