/**
 * Where the audit log is streamed to: what each receiver is, and when it counts as having taken a batch.
 *
 * Invariant: `send` resolves when the receiver has all of a batch. Whatever else happens rejects, and the whole batch
 * is sent again.
 * Never: an address or a secret of a receiver in an error. Many have a key in their path.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { openLineFile } from '../../base/line-file.ts';
import type { Settings } from '../../base/settings/settings.ts';
import { post } from '../ground/outgoing.ts';
import { STREAM_NAMES, type StreamLine, type StreamName } from './stream-lines.ts';
import { receiverOf, sendFrames, syslogFrame } from './syslog.ts';

export type Send = (lines: readonly StreamLine[], signal: AbortSignal) => Promise<void>;

/** The streams that the settings turn on. */
export function streamsOf(settings: Settings): StreamName[] {
  const asked = { webhook: settings.auditWebhook, syslog: settings.auditSyslog, file: settings.auditFile };
  return STREAM_NAMES.filter((name) => asked[name] !== null);
}

/** How to send to a stream; null when this node's settings don't turn it on. */
export function senderOf(settings: Settings, name: StreamName): Send | null {
  if (name === 'webhook') return settings.auditWebhook === null ? null : webhookSender(settings, settings.auditWebhook);
  if (name === 'syslog') return settings.auditSyslog === null ? null : syslogSender(settings, settings.auditSyslog);
  return settings.auditFile === null ? null : fileSender(settings.auditFile);
}

/** The operator chooses the receiver, so it may be anywhere. */
const ANYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

function webhookSender(settings: Settings, url: NonNullable<Settings['auditWebhook']>): Send {
  return async (lines, signal) => {
    const body = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''));
    const secret = settings.auditWebhookSecret;
    const answer = await post({
      url: new URL(url.reveal()),
      headers: {
        Accept: '*/*',
        'Content-Type': 'application/x-ndjson',
        'User-Agent': 'latchkey-audit-stream',
        ...(secret === null
          ? {}
          : { 'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}` }),
      },
      body,
      insecureSsl: false,
      allowedNetworks: ANYWHERE,
      signal,
      ...pemOf(settings),
    });
    if (answer.statusCode >= 200 && answer.statusCode < 300) return;
    throw new Error(answer.statusCode === 0 ? answer.status : `the receiver answered ${answer.statusCode}`);
  };
}

function syslogSender(settings: Settings, address: string): Send {
  const { hostname } = new URL(settings.publicUrl);
  return (lines, signal) => {
    const receiver = { ...receiverOf(address), ...pemOf(settings) };
    return sendFrames(receiver, Buffer.concat(lines.map((line) => syslogFrame(line, hostname))), signal);
  };
}

interface Pem {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Read for each batch, because certificates are renewed. */
function pemOf({ auditCa, auditClientCert, auditClientKey }: Settings): Pem {
  const pem = {
    ...(auditCa === null ? {} : { ca: pemIn(auditCa, 'the file of authorities') }),
    ...(auditClientCert === null ? {} : { cert: pemIn(auditClientCert, 'the client certificate') }),
    ...(auditClientKey === null ? {} : { key: pemIn(auditClientKey, 'the key of the client certificate') }),
  };
  try {
    createSecureContext(pem);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`certificate and key can't be used (${code ?? 'no reason given'})`, { cause: error });
  }
  return pem;
}

function pemIn(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${what} can't be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

function fileSender(path: string): Send {
  return async (lines) => {
    try {
      const file = await openLineFile(path);
      try {
        await file.append(
          linesAfter(lines, file.lastLine)
            .map(({ text }) => `${text}\n`)
            .join(''),
        );
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw new Error(`the file can't be written (${(error as NodeJS.ErrnoException).code})`, { cause: error });
    }
  };
}

/** The lines that aren't in the file yet: the server may have died between writing them and recording that. */
function linesAfter(lines: readonly StreamLine[], lastLine: string | null): readonly StreamLine[] {
  if (lastLine === null) return lines;
  let last: Record<string, unknown>;
  try {
    last = JSON.parse(lastLine) as Record<string, unknown>;
  } catch {
    return lines;
  }
  const [kind, id] = last['number'] === undefined ? ['entry', last['_document_id']] : ['checkpoint', last['number']];
  return lines.slice(lines.findIndex((line) => line.kind === kind && line.id === Number(id)) + 1);
}
