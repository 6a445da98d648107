/**
 * `WebAssembly` for profiles that give it. The engine compiles on threads of its own, whose time counts for no task, and
 * says that it is done to an isolate that does not hear it while it waits. Here a module is compiled where it is asked for.
 */

import { bodyState, isUnusable, wholeBody } from './body.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { isResponse, type Response } from './response.ts';

type Module = object;

/** What is used of the engine's own. */
export interface Assembly {
  readonly Module: new (bytes: ArrayBuffer, options?: unknown) => Module;
  instantiate(module: Module, imports?: unknown): Promise<object>;
}

interface Source {
  readonly module: Module;
  readonly instance: object;
}

/** The same object, with functions of ours in place of those that wait for another thread, and those that take a response. */
export function compiledHere(assembly: Assembly): Assembly {
  const { Module, instantiate } = assembly;
  const instanceOf = instantiate.bind(assembly);
  const moduleOf = (bytes: Uint8Array, options: unknown): Module => new Module(ownBuffer(bytes), options);
  const both = async (module: Module, imports: unknown): Promise<Source> => {
    // What is imported is read once the module is there.
    await undefined;
    const instance = await instanceOf(module, imports);
    return { module, instance };
  };
  const functions: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = {
    async compile(bytes: unknown, options?: unknown) {
      return moduleOf(bytesOf(bytes), options);
    },
    async instantiate(source: unknown, imports?: unknown, options?: unknown) {
      if (source instanceof Module) return instanceOf(source, imports);
      checkImports(imports);
      return both(moduleOf(bytesOf(source), options), imports);
    },
    async compileStreaming(source: unknown, options?: unknown) {
      return moduleOf(await bytesOfResponse(source), options);
    },
    async instantiateStreaming(source: unknown, imports?: unknown, options?: unknown) {
      checkImports(imports);
      return both(moduleOf(await bytesOfResponse(source), options), imports);
    },
  };
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(value, 'length', { value: 1, configurable: true });
    Object.defineProperty(assembly, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return assembly;
}

function checkImports(imports: unknown): void {
  if (imports !== undefined && (imports === null || (typeof imports !== 'object' && typeof imports !== 'function')))
    throw new TypeError('the imports are an object');
}

/** WebAssembly Web API, section 4: of a response that says what it is, and came well. */
async function bytesOfResponse(source: unknown): Promise<Uint8Array> {
  const response = (await source) as Response;
  if (!isResponse(response)) throw new TypeError('the source is no Response');
  const type = response.headers.get('content-type') ?? '';
  if (!/^[\t ]*application\/wasm[\t ]*$/i.test(type))
    throw new TypeError('the response is not of type application/wasm');
  if (!response.ok) throw new TypeError(`the response has the status ${response.status}`);
  const state = bodyState(response);
  if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
  state.used = true;
  const { bytes } = await wholeBody(state);
  return bytes ?? new Uint8Array(0);
}
