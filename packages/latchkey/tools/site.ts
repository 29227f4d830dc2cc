/**
 * `npm run site [-- --base /PATH/]`: a site with search in `site/dist/html`, from the documents of the checkout.
 *
 * VitePress comes from the lock file in `site`, apart from `npm ci`: 100 MB that nobody else needs.
 * Invariant: a link of the finished site that leads nowhere is an error.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { ROOT } from './documents.ts';
import { sitePages } from './site-pages.ts';

const SITE = join(ROOT, 'site');
const SOURCE = join(SITE, 'dist/source');
const HTML = join(SITE, 'dist/html');

const [flag, base = '/', ...rest] = process.argv.slice(2);
if ((flag !== undefined && flag !== '--base') || rest.length > 0 || !/^\/(?:.*\/)?$/.test(base)) {
  process.stderr.write('usage: npm run site [-- --base /PATH/]\n');
  process.exit(2);
}
installGenerator();
writeSource();
execFileSync(process.execPath, [join(SITE, 'node_modules/vitepress/bin/vitepress.js'), 'build', SITE], {
  stdio: 'inherit',
  env: { ...process.env, SITE_BASE: base },
});
const wrong = deadLinks();
if (wrong.length > 0) throw new Error(`these links lead nowhere:\n${wrong.join('\n')}`);
process.stdout.write(`The site is in ${HTML}. Any web server can serve that folder at ${base}.\n`);

function installGenerator(): void {
  const lock = readFileSync(join(SITE, 'package-lock.json'));
  const installed = join(SITE, 'node_modules/.installed-lock');
  if (existsSync(installed) && readFileSync(installed).equals(lock)) return;
  // Its packages bring what they need as packages; none has to run anything.
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: SITE, stdio: 'inherit', shell: process.platform === 'win32' });
  writeFileSync(installed, lock);
}

function writeSource(): void {
  rmSync(SOURCE, { recursive: true, force: true });
  for (const [page, text] of sitePages()) {
    const file = join(SOURCE, page);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) cpSync(join(ROOT, page), file);
    else writeFileSync(file, text);
  }
  mkdirSync(join(SOURCE, 'public'), { recursive: true });
  cpSync(join(ROOT, 'packages/latchkey/assets/web/icon.svg'), join(SOURCE, 'public/icon.svg'));
}

/** Links of the finished pages to files or sections that there aren't. */
function deadLinks(): string[] {
  const pages = readdirSync(HTML, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));
  const texts = new Map(pages.map((page) => [page, readFileSync(join(HTML, page), 'utf8')]));
  return pages.flatMap((page) =>
    [...(texts.get(page) ?? '').matchAll(/\b(?:href|src)="(?!https?:|mailto:|data:)([^"#]*)(?:#([^"]*))?"/g)]
      .filter(([, address = '', section]) => {
        const path = address.startsWith(base) ? address.slice(base.length) : posix.join(dirname(page), address);
        const file =
          address === '' ? page : decodeURI(/(?:^|\/)$|^\.$/.test(path) ? posix.join(path, 'index.html') : path);
        if (!existsSync(join(HTML, file))) return true;
        const text = texts.get(file);
        return section !== undefined && section !== '' && !text?.includes(`id="${decodeURIComponent(section)}"`);
      })
      .map(([words]) => `${page}: ${words}`),
  );
}
