/**
 * What pages load: one style sheet with its font, one file of icons, and a few scripts for convenience.
 *
 * Invariant: an asset's address contains a digest of its content, so it can be cached for a year and is never stale.
 */
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { once } from '../../../base/once.ts';
import { digestOf } from '../../../base/secret.ts';
import { FONTS, type WebFile, webFiles } from './web-files.ts';

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Null for what is compressed already. */
  readonly gzipped: Buffer | null;
}

/** The address of each asset: `/assets/style.1a2b3c4d5e6f.css`. */
export interface AssetAddresses {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
  /** The file of all icons; one of them is at `#name` in it. */
  readonly icons: string;
  /** The font of Latin letters, which every page needs. */
  readonly font: string;
}

/**
 * Serves the assets, and returns their addresses. They are built on first use, by a page or a kept address: a start
 * doesn't need them.
 */
export function serveAssets(app: FastifyInstance): AssetAddresses {
  app.get('/assets/:file', (request, reply) => {
    const asset = assets().byAddress.get(`/assets/${(request.params as { file: string }).file}`);
    if (asset === undefined) return reply.callNotFound();
    const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') ? asset.gzipped : null;
    void reply.headers({
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept-Encoding',
      ...(zipped === null ? {} : { 'Content-Encoding': 'gzip' }),
    });
    return reply.send(zipped ?? asset.body);
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
    get icons() {
      return assets().icons;
    },
    get font() {
      return assets().font;
    },
  };
}

interface MadeAssets extends AssetAddresses {
  readonly byAddress: ReadonlyMap<string, Asset>;
}

/** Only from the files of the package, which don't change while the process runs: made once, in 60 to 100 ms. */
const assets = once(makeAssets);

const TYPES = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
} as const;

function makeAssets(): MadeAssets {
  const byAddress = new Map<string, Asset>();
  const files = webFiles();
  const add = (file: WebFile, ending: keyof typeof TYPES, body: Buffer = files[file]): string => {
    const address = `/assets/${file}.${digestOf(body).slice(0, 12)}.${ending}`;
    byAddress.set(address, { type: TYPES[ending], body, gzipped: ending === 'woff2' ? null : gzipSync(body) });
    return address;
  };
  const fonts = new Map(FONTS.map((name) => [name, add(name, 'woff2')]));
  // Beside the style sheet, so that they are found below a path, too.
  const style = files.style.toString().replace(/url\("([\w-]+)\.woff2"\)/g, (whole, name: (typeof FONTS)[number]) => {
    const address = fonts.get(name);
    return address === undefined ? whole : `url("${address.replace('/assets/', '')}")`;
  });
  return {
    byAddress,
    style: add('style', 'css', Buffer.from(style)),
    script: add('script', 'js'),
    icon: add('icon', 'svg'),
    icons: add('icons', 'svg'),
    font: fonts.get('font-latin') ?? '',
  };
}
