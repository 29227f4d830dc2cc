/**
 * A certificate authority on loopback that speaks ACME (RFC 8555): it checks every signature and nonce, really looks
 * at the address of a name, and signs what the request asks for.
 */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate as NodeCertificate,
  randomBytes,
} from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  X509Certificate as PeculiarCertificate,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { calculateJwkThumbprint, flattenedVerify, importJWK, type JWK } from 'jose';

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';

interface Order {
  readonly account: string;
  readonly names: string[];
  status: string;
  certificate: string | null;
}

interface Authorization {
  readonly name: string;
  readonly token: string;
  readonly thumbprint: string;
  status: string;
  error: { type: string; detail: string } | null;
}

export interface Authority {
  readonly directory: string;
  /** The certificate that clients trust, in PEM. */
  readonly root: string;
  /** Which challenges it looked at, and how that ended. */
  readonly looks: string[];
  /** How many orders were made. */
  orders(): number;
  /** Per order, the identifier of the certificate that it replaces. */
  readonly replaced: (string | null)[];
  /** What it says from now on of the time to renew. */
  suggest(window: { readonly start: Date; readonly end: Date }): void;
  /** Refuses the nonce of the next request, as a busy authority does. */
  refuseNonce(): void;
  close(): Promise<void>;
}

export interface AuthorityOptions {
  /** Where names lead: every one to this machine. Port 0 = nowhere. */
  ports(): { readonly http: number; readonly https: number };
  /** The life of its certificates; the beginning lies this long ago. */
  readonly lifeSec?: number;
  readonly ageSec?: number;
  /** Accounts are made only for who has this key (base64url) of this name. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
}

export async function startAuthority(options: AuthorityOptions): Promise<Authority> {
  const { ports, lifeSec = 86_400, ageSec = 60, eab } = options;
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = pairOf(keys.privateKey, keys.publicKey);
  const signing = { name: 'ECDSA', hash: 'SHA-256' };
  const root = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test Authority',
    keys: signer,
    signingAlgorithm: signing,
    notBefore: new Date(Date.now() - 86_400_000),
    extensions: [new BasicConstraintsExtension(true)],
  });
  const nonces = new Set<string>();
  const accounts = new Map<string, JWK>();
  const orders = new Map<string, Order>();
  const authorizations = new Map<string, Authorization>();
  const looks: string[] = [];
  const replaced: (string | null)[] = [];
  let suggested: { readonly start: Date; readonly end: Date } | null = null;
  let refuses = false;
  let base = '';

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nonce = randomBytes(12).toString('base64url');
    nonces.add(nonce);
    response.setHeader('Replay-Nonce', nonce);
    const send = (status: number, body: object | string, headers: Record<string, string> = {}): void =>
      void response
        .writeHead(status, { 'Content-Type': 'application/json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    const no = (type: string, detail = type): void =>
      send(type === 'badNonce' || type === 'malformed' ? 400 : 403, {
        type: `urn:ietf:params:acme:error:${type}`,
        detail,
      });
    const path = request.url ?? '';
    if (path === '/directory')
      return send(200, {
        newNonce: `${base}/nonce`,
        newAccount: `${base}/account`,
        newOrder: `${base}/order`,
        renewalInfo: `${base}/renewal`,
        meta: { externalAccountRequired: eab !== undefined },
      });
    if (path.startsWith('/renewal/')) {
      const known = [...orders.values()].some(
        ({ certificate }) => certificate !== null && path === `/renewal/${identifierOf(certificate)}`,
      );
      return known && suggested !== null
        ? send(200, { suggestedWindow: suggested }, { 'Retry-After': '3600' })
        : send(404, {});
    }
    if (path === '/nonce') return send(200, '');
    if (request.headers['content-type'] !== 'application/jose+json') return no('malformed', 'not a JWS');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const jws = JSON.parse(Buffer.concat(chunks).toString()) as Parameters<typeof flattenedVerify>[0];
    const head = JSON.parse(Buffer.from(String(jws.protected), 'base64url').toString()) as {
      alg: string;
      nonce: string;
      url: string;
      jwk?: JWK;
      kid?: string;
    };
    const isFresh = nonces.delete(head.nonce);
    if (!isFresh || refuses) {
      refuses = false;
      return no('badNonce');
    }
    if (head.url !== base + path) return no('malformed', 'the url is another');
    const jwk = head.jwk ?? accounts.get(String(head.kid));
    if (jwk === undefined || (head.jwk === undefined) === (path === '/account')) return no('malformed', 'whose key?');
    const { payload } = await flattenedVerify(jws, await importJWK(jwk, 'ES256'));
    const body = payload.length === 0 ? null : (JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>);
    const thumbprint = await calculateJwkThumbprint(jwk);
    if (path === '/account') {
      if (body?.['termsOfServiceAgreed'] !== true) return no('userActionRequired');
      if (eab !== undefined && !(await isBound(body['externalAccountBinding'], eab, jwk, base + path)))
        return no('externalAccountRequired', 'no such account');
      accounts.set(`${base}/account/${thumbprint}`, jwk);
      return send(201, { status: 'valid' }, { Location: `${base}/account/${thumbprint}` });
    }
    const [, what = '', id = ''] = path.split('/');
    if (what === 'order' && id === '') {
      const names = ((body ?? {})['identifiers'] as { type: string; value: string }[]).map(({ value }) => value);
      replaced.push((body?.['replaces'] as string | undefined) ?? null);
      const at = String(orders.size + 1);
      orders.set(at, { account: thumbprint, names, status: 'pending', certificate: null });
      for (const name of names)
        authorizations.set(`${at}-${name}`, {
          name,
          token: randomBytes(16).toString('base64url'),
          thumbprint,
          status: 'pending',
          error: null,
        });
      return send(201, orderOf(at), { Location: `${base}/order/${at}` });
    }
    if (what === 'order') return send(200, orderOf(id));
    const authorization = authorizations.get(id);
    if (what === 'authorization' && authorization !== undefined) {
      const challenge = (type: string): object => ({
        type,
        url: `${base}/challenge/${id}/${type}`,
        token: authorization.token,
        ...(authorization.error === null ? {} : { error: authorization.error }),
      });
      const { name: value, status } = authorization;
      return send(200, {
        status,
        identifier: { type: 'dns', value },
        challenges: [challenge('dns-01'), challenge('http-01'), challenge('tls-alpn-01')],
      });
    }
    if (what === 'challenge' && authorization !== undefined) {
      const type = path.split('/')[3] ?? '';
      void look(authorization, type);
      return send(200, { type, status: 'processing' });
    }
    const order = orders.get(id);
    if (what === 'finalize' && order !== undefined) {
      if (stateOf(id) !== 'ready') return no('orderNotReady');
      const request = new Pkcs10CertificateRequest(Buffer.from(String(body?.['csr']), 'base64url'));
      const asked = request.extensions.find((each) => each instanceof SubjectAlternativeNameExtension);
      const names = (asked?.names.toJSON() ?? []).map(({ value }) => value);
      if (!(await request.verify()) || String(names.toSorted()) !== String(order.names.toSorted())) return no('badCSR');
      const from = Date.now() - ageSec * 1000;
      const certificate = await X509CertificateGenerator.create({
        issuer: root.subject,
        publicKey: request.publicKey,
        signingKey: signer.privateKey,
        signingAlgorithm: signing,
        notBefore: new Date(from),
        notAfter: new Date(from + lifeSec * 1000),
        extensions: [
          new SubjectAlternativeNameExtension(order.names.map((value) => ({ type: 'dns' as const, value }))),
          await AuthorityKeyIdentifierExtension.create(root),
        ],
      });
      order.certificate = `${certificate.toString('pem')}\n${root.toString('pem')}\n`;
      order.status = 'valid';
      return send(200, orderOf(id));
    }
    if (what === 'certificate' && order?.certificate != null) return send(200, order.certificate);
    return no('malformed', path);
  }

  function stateOf(id: string): string {
    const order = orders.get(id)!;
    if (order.status === 'valid') return 'valid';
    const states = order.names.map((name) => authorizations.get(`${id}-${name}`)!.status);
    return states.includes('invalid') ? 'invalid' : states.every((state) => state === 'valid') ? 'ready' : 'pending';
  }

  function orderOf(id: string): object {
    const order = orders.get(id)!;
    return {
      status: stateOf(id),
      identifiers: order.names.map((value) => ({ type: 'dns', value })),
      authorizations: order.names.map((name) => `${base}/authorization/${id}-${name}`),
      finalize: `${base}/finalize/${id}`,
      ...(order.certificate === null ? {} : { certificate: `${base}/certificate/${id}` }),
    };
  }

  async function look(authorization: Authorization, type: string): Promise<void> {
    const { name, token, thumbprint } = authorization;
    const expected = `${token}.${thumbprint}`;
    const fits =
      type === 'http-01'
        ? await seenOverHttp(ports().http, name, token, expected)
        : await seenInTls(ports().https, name, expected);
    looks.push(`${type} ${name} ${fits ? 'fits' : 'does not fit'}`);
    authorization.status = fits ? 'valid' : 'invalid';
    if (!fits)
      authorization.error = { type: 'urn:ietf:params:acme:error:unauthorized', detail: `${name} shows nothing` };
  }

  return {
    directory: `${base}/directory`,
    root: root.toString('pem'),
    looks,
    replaced,
    suggest: (window) => void (suggested = window),
    orders: () => orders.size,
    refuseNonce: () => void (refuses = true),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** RFC 8555 section 7.3.4: our own key, signed with the one that was given. */
async function isBound(
  binding: unknown,
  { kid, hmacKey }: NonNullable<AuthorityOptions['eab']>,
  jwk: JWK,
  url: string,
): Promise<boolean> {
  const key = Buffer.from(hmacKey, 'base64url');
  const verified = await flattenedVerify(binding as never, key, { algorithms: ['HS256'] }).catch(() => null);
  const head = verified?.protectedHeader as { kid?: string; url?: string } | undefined;
  return head?.kid === kid && head.url === url && Buffer.from(verified!.payload).toString() === JSON.stringify(jwk);
}

/** RFC 9773 section 4.1, from the parts that openssl would print. */
function identifierOf(pem: string): string {
  const certificate = new NodeCertificate(pem);
  const authority = new PeculiarCertificate(certificate.raw).getExtension(AuthorityKeyIdentifierExtension)?.keyId ?? '';
  const digits = certificate.serialNumber;
  const number = /^[89A-F]/.test(digits) ? `00${digits}` : digits;
  return [authority, number].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}

async function seenOverHttp(port: number, name: string, token: string, expected: string): Promise<boolean> {
  const address = `http://127.0.0.1:${port}/.well-known/acme-challenge/${token}`;
  const answer = await fetch(address, { headers: { host: name } }).catch(() => null);
  return answer?.status === 200 && (await answer.text()) === expected;
}

/** RFC 8737 section 3: the protocol is chosen, and the certificate is for the name, with the digest. */
function seenInTls(port: number, servername: string, expected: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', servername, ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false };
    const socket = connect(options, () => {
      const raw = socket.getPeerX509Certificate()!.raw;
      const digest = createHash('sha256').update(expected).digest();
      const isFor = new NodeCertificate(raw).checkHost(servername) !== undefined;
      resolve(socket.alpnProtocol === 'acme-tls/1' && isFor && raw.includes(digest) && hasIdentifier(raw));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

/** The object identifier of the extension, and that it is critical (`01 01 ff`). */
function hasIdentifier(raw: Buffer): boolean {
  const [, , ...rest] = ACME_IDENTIFIER.split('.').map(Number);
  const oid = Buffer.from([0x06, rest.length + 1, 1 * 40 + 3, ...rest]);
  return raw.includes(Buffer.concat([oid, Buffer.from([0x01, 0x01, 0xff])]));
}

function pairOf(privateKey: KeyObject, publicKey: KeyObject): CryptoKeyPair {
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  return {
    privateKey: privateKey.toCryptoKey(curve, true, ['sign']) as CryptoKey,
    publicKey: publicKey.toCryptoKey(curve, true, ['verify']) as CryptoKey,
  };
}
