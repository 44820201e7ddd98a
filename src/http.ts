/**
 * How the server is asked: by JupyterLab's own connection; base URL, cookies, tokens and XSRF are its
 * business.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { language } from './language';

/** What the server said no to, in its own sentence. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string
  ) {
    super(message);
    this.name = 'RefusedError';
  }
}

/** Words behind a path; what is null or undefined is left out. */
export type Query = Record<string, string | number | null | undefined>;

/** A connection to our half of the server. */
export class Http {
  constructor(readonly settings: ServerConnection.ISettings) {}

  /** Where the stream is. */
  get streamUrl(): string {
    const url = URLExt.join(this.settings.wsUrl, 'jupyter-datum', 'stream');
    const { appendToken, token } = this.settings;
    return appendToken && token ? `${url}?token=${encodeURIComponent(token)}` : url;
  }

  /** The stream's socket; the settings know which class this page uses. */
  socket(): WebSocket {
    const socket = new this.settings.WebSocket(this.streamUrl);
    socket.binaryType = 'arraybuffer';
    return socket;
  }

  protected get<T>(path: string, query: Query = {}, init: RequestInit = {}): Promise<T> {
    const pairs = Object.entries(query).filter(
      ([, value]) => value !== null && value !== undefined
    );
    const words = pairs.map(([name, value]) => [name, String(value)]);
    // What a panel reads by itself must not keep an idle server alive.
    const search = new URLSearchParams([...words, ['no_track_activity', '1']]);
    return this.ask(`${path}?${search}`, init);
  }

  protected post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return this.ask(path, { method: 'POST', body: JSON.stringify(body), headers, signal });
  }

  protected remove<T>(path: string): Promise<T> {
    return this.ask(path, { method: 'DELETE' });
  }

  protected async bytes(path: string): Promise<Uint8Array> {
    const response = await this.fetch(path, {});
    if (!response.ok) {
      throw refusal(response, parse(await response.text()));
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  private async ask<T>(path: string, init: RequestInit): Promise<T> {
    return parse(await this.text(path, init)) as T;
  }

  protected async text(path: string, init: RequestInit): Promise<string> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    if (!response.ok) {
      throw refusal(response, parse(text));
    }
    return text;
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'jupyter-datum', path);
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (reason) {
      // Browsers say no more than *Failed to fetch*.
      const away = reason instanceof ServerConnection.NetworkError;
      throw away
        ? new Error(language.trans.__('The server cannot be reached: try again when it is back'))
        : reason;
    }
  }
}

function refusal(response: Response, data: any): RefusedError {
  const message = data?.message ?? `${response.status} ${response.statusText}`;
  return new RefusedError(response.status, data?.code ?? 'unknown', String(message));
}

function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page, say: the status tells enough
  }
}
