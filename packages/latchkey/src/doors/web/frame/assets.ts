/**
 * What pages load: one style sheet, and a few scripts for convenience.
 *
 * Invariant: an asset's address contains a digest of its content, so it can be cached for a year and is never stale.
 * The style sheet is Primer CSS, the modules that pages use, with Primer's light and dark colors (reduced to the ones
 * in use), then a few rules of our own.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { once } from '../../../base/once.ts';
import { digestOf } from '../../../base/secret.ts';

const OWN = fileURLToPath(new URL('../../../../assets/web/', import.meta.url));
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
const COLOUR_THEMES = ['light', 'dark'] as const;

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

/** The address of each asset: `/assets/style.1a2b3c4d5e6f.css`. */
export interface AssetAddresses {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
}

/** The style sheet as browsers get it. */
function styleSheet(): string {
  const primer = PRIMER_MODULES.map((name) =>
    readFileSync(resolve(`@primer/css/dist/${name}.css`), 'utf8').replace(/\/\*# sourceMappingURL.*?\*\//g, ''),
  );
  const own = readFileSync(join(OWN, 'latchkey.css'), 'utf8');
  const themes = COLOUR_THEMES.map((name) =>
    readFileSync(resolve(`@primer/primitives/dist/css/functional/themes/${name}.css`), 'utf8').replace(
      /\/\*[\s\S]*?\*\//g,
      '',
    ),
  );
  const used = usedVariables([...primer, own], themes);
  return [...themes.map((theme) => onlyUsed(theme, used)), ...primer, own].join('\n');
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

/**
 * Serves the assets, and returns their addresses. They are built on first use, by a page or a kept address: a start
 * doesn't need them.
 */
export function serveAssets(app: FastifyInstance): AssetAddresses {
  app.get('/assets/:file', (request, reply) => {
    const asset = assets().byAddress.get(`/assets/${(request.params as { file: string }).file}`);
    if (asset === undefined) return reply.callNotFound();
    const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    void reply.headers({
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept-Encoding',
      ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    return reply.send(zipped ? asset.gzipped : asset.body);
  });
  return {
    get style() {
      return assets().style;
    },
    get script() {
      return assets().script;
    },
    get icon() {
      return assets().icon;
    },
  };
}

interface MadeAssets extends AssetAddresses {
  readonly byAddress: ReadonlyMap<string, Asset>;
}

/** Only from the files of the package, which don't change while the process runs: made once, in 60 to 100 ms. */
const assets = once(makeAssets);

function makeAssets(): MadeAssets {
  const byAddress = new Map<string, Asset>();
  const add = (name: string, ending: string, type: string, text: string): string => {
    const body = Buffer.from(text);
    const address = `/assets/${name}.${digestOf(text).slice(0, 12)}.${ending}`;
    byAddress.set(address, { type, body, gzipped: gzipSync(body) });
    return address;
  };
  return {
    byAddress,
    style: add('style', 'css', 'text/css; charset=utf-8', styleSheet()),
    script: add('script', 'js', 'text/javascript; charset=utf-8', scripts()),
    icon: add('icon', 'svg', 'image/svg+xml', readFileSync(join(OWN, 'icon.svg'), 'utf8')),
  };
}
