/**
 * What pages load: one style sheet, and a few scripts for convenience.
 *
 * Invariant: an asset's address contains a digest of its content, so it can be cached for a year and is never stale.
 */
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { once } from '../../../base/once.ts';
import { digestOf } from '../../../base/secret.ts';
import { webFiles } from './web-files.ts';

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
  const { style, script, icon } = webFiles();
  return {
    byAddress,
    style: add('style', 'css', 'text/css; charset=utf-8', style),
    script: add('script', 'js', 'text/javascript; charset=utf-8', script),
    icon: add('icon', 'svg', 'image/svg+xml', icon),
  };
}
