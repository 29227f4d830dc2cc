/**
 * Serves MCP until its client is gone: stdio ends with its input, HTTP with a signal. Then what was derived is revoked.
 *
 * Source: modelcontextprotocol.io, specification 2025-11-25, "stdio": a message on each line.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import { listenForMcp } from './http.ts';
import { MAX_MESSAGE_BYTES, McpServer } from './protocol.ts';
import { toolbox } from './tools.ts';

/** @param port null = stdio */
export async function serveMcp(terminal: Terminal, client: ServerClient, port: number | null): Promise<void> {
  const box = toolbox(client);
  const mcp = new McpServer(box.tools);
  const ended = new AbortController();
  const stop = (): void => ended.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  try {
    await (port === null ? serveLines(terminal, mcp, ended.signal) : servePort(terminal, mcp, port, ended.signal));
  } finally {
    await box.close();
  }
}

async function serveLines(terminal: Terminal, mcp: McpServer, signal: AbortSignal): Promise<void> {
  const lines = terminal.lines?.(MAX_MESSAGE_BYTES) ?? (await terminal.readInput(MAX_MESSAGE_BYTES)).split('\n');
  signal.addEventListener('abort', () => process.stdin.destroy());
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const answer = await mcp.answer(line);
      if (answer !== null && !(await terminal.deliver(`${JSON.stringify(answer)}\n`))) return;
    }
  } catch (error) {
    // What was read when a signal came.
    if (!signal.aborted) throw error;
  }
}

async function servePort(terminal: Terminal, mcp: McpServer, port: number, signal: AbortSignal): Promise<void> {
  const given = terminal.env['LATCHKEY_MCP_PASS'] ?? '';
  const pass = given === '' ? randomBytes(32).toString('base64url') : given;
  const listener = await listenForMcp(mcp, pass, port);
  terminal.say(`latchkey mcp: ${listener.address}`);
  terminal.say(
    given === ''
      ? `latchkey mcp: clients send the header "Authorization: Bearer ${pass}"`
      : 'latchkey mcp: clients send what is in LATCHKEY_MCP_PASS, as "Authorization: Bearer …"',
  );
  if (!signal.aborted) await once(signal, 'abort');
  await listener.close();
}
