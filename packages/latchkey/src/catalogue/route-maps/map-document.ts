/** A route map as a document: its values, checked against the schema, and the line of each entry. */
import type { Document, LineCounter } from 'yaml';
import { onDemand } from '../../base/on-demand.ts';

const yaml = onDemand<typeof import('yaml')>('yaml');
const schemas = onDemand<typeof import('typebox/value')>('typebox/value');

/** A fault in a file, as a sentence; `line` counts from 1. */
export interface RouteMapProblem {
  readonly line: number;
  readonly message: string;
}

/** Keys and places in lists, from the top. */
export type Path = readonly (string | number)[];

/** How often aliases may repeat content. */
const MAX_ALIASES = 50;

const firstLine = (text: string): string => text.replace(/\n[\s\S]*$/, '').replace(/ at line \d+.*$/, '');

/** A document that was read, and what is wrong with it. */
export class MapDocument {
  readonly problems: RouteMapProblem[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;

  private constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** The document, or why it is no YAML. */
  static parse(text: string): MapDocument | readonly RouteMapProblem[] {
    const lines = new (yaml().LineCounter)();
    const document = yaml().parseDocument(text, { lineCounter: lines });
    if (document.errors.length === 0) return new MapDocument(document, lines);
    return document.errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      message: `This is not valid YAML: ${firstLine(error.message)}`,
    }));
  }

  /** Its values, which have the form of the schema if no problem was added. */
  content(schema: object): unknown {
    const values = this.#values();
    if (values !== undefined) this.#checkForm(values, schema);
    return values;
  }

  /** The file as values; undefined when aliases make it larger than it is. */
  #values(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    } catch (error) {
      this.addProblem([], `The file can't be read: ${firstLine((error as Error).message)}.`);
      return undefined;
    }
  }

  /** What the schema says. Of an alternative, only the problem with the whole is reported. */
  #checkForm(content: unknown, schema: object): void {
    const told = new Set<string>();
    for (const { keyword, instancePath, params, message } of schemas().Errors(
      schema as never,
      content,
    ) as readonly SchemaError[]) {
      if (keyword === 'boolean' || keyword === 'anyOf' || told.has(instancePath)) continue;
      told.add(instancePath);
      const path =
        instancePath === ''
          ? []
          : instancePath
              .slice(1)
              .split('/')
              .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
      const unknown = keyword === 'additionalProperties' ? params.additionalProperties?.[0] : undefined;
      if (unknown !== undefined) this.addProblem([...path, unknown], `There is no entry named ${unknown} here.`);
      else if (keyword === 'required')
        this.addProblem(path, `${spoken(path)} needs ${(params.requiredProperties ?? []).join(' and ')}.`);
      else
        this.addProblem(
          path,
          `${spoken(path)} ` +
            `${message}${params.allowedValues === undefined ? '' : `: ${params.allowedValues.join(', ')}`}.`,
        );
    }
  }

  addProblem(path: Path, message: string): void {
    this.problems.push({ line: this.lineOf(path), message });
  }

  /** The line of an entry: of its key, or else of the closest thing around it. */
  lineOf(path: Path): number {
    const { isMap, isNode, isPair } = yaml();
    for (let depth = path.length; depth >= 0; depth--) {
      const parent = depth === 0 ? null : this.#document.getIn(numbered(path.slice(0, depth - 1)), true);
      const pair = isMap(parent)
        ? parent.items.find((item) => isPair(item) && String(item.key) === String(path[depth - 1]))
        : undefined;
      const node = pair?.key ?? this.#document.getIn(numbered(path.slice(0, depth)), true);
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line;
    }
    return 1;
  }
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: {
    readonly additionalProperties?: readonly string[];
    readonly requiredProperties?: readonly string[];
    readonly allowedValues?: readonly string[];
  };
  readonly message: string;
}

const numbered = (path: Path): (string | number)[] =>
  path.map((part) => (/^\d+$/.test(String(part)) ? Number(part) : part));

function spoken(path: Path): string {
  return path.length === 0
    ? 'The file'
    : path
        .map((part, i) => (/^\d+$/.test(String(part)) ? `[${Number(part) + 1}]` : `${i === 0 ? '' : '.'}${part}`))
        .join('');
}
