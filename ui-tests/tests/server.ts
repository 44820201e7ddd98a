/** A Jupyter server of a test's own: to be killed, to have a prefix, to be Notebook 7. */
import { execFileSync, spawn } from 'child_process';
import type { ChildProcess } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import * as net from 'net';
import * as os from 'os';
import * as path from 'path';

const TOKEN = 'journey';

/** Options of a server. */
export interface IServerOptions {
  /** `lab` or `notebook`. */
  app?: string;
  /** With slashes at both ends. */
  baseUrl?: string;
  /** The page lets scripts execute commands. */
  exposed?: boolean;
  /** The text of a module with an authorizer called `Guest`. */
  authorizer?: string;
  /** The locale in which pages are shown: its language pack lies on the server's path. */
  language?: string;
}

/** One server, in a folder of its own. */
export class Server {
  private constructor(
    readonly root: string,
    private readonly port: number,
    private readonly options: Required<IServerOptions>
  ) {}

  /** Start one; it answers when this resolves. */
  static async start(options: IServerOptions = {}): Promise<Server> {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'datum-own-'));
    const server = new Server(fs.realpathSync(root), await freePort(), {
      app: options.app ?? 'lab',
      baseUrl: options.baseUrl ?? '/',
      exposed: options.exposed ?? false,
      authorizer: options.authorizer ?? '',
      language: options.language ?? ''
    });
    await server.again();
    return server;
  }

  /** The folder of the user's configuration. */
  get config(): string {
    return `${this.root}-config`;
  }

  /** Where a page of it lies; the token makes the cookie. */
  url(page: string): string {
    return `http://127.0.0.1:${this.port}${this.options.baseUrl}${page}?token=${TOKEN}`;
  }

  /** Start it anew at the same place. */
  async again(): Promise<void> {
    const set = (name: string, value: string) => `--${name}=${value}`;
    this.process = spawn(
      'jupyter',
      [
        this.options.app,
        set('ServerApp.port', `${this.port}`),
        set('ServerApp.port_retries', '0'),
        set('ServerApp.root_dir', this.root),
        set('ServerApp.base_url', this.options.baseUrl),
        set('IdentityProvider.token', TOKEN),
        set('ServerApp.open_browser', 'False'),
        set('ServerApp.allow_root', 'True'),
        set('ServerApp.log_level', 'ERROR'),
        ...(this.options.exposed ? [set('LabApp.expose_app_in_browser', 'True')] : []),
        ...this.guest()
      ],
      { stdio: 'inherit', detached: true, env: { ...process.env, ...this.apart() } }
    );
    await this.answers();
  }

  /** End it as a crash would: nothing is said, nothing is saved. */
  kill(): void {
    if (this.process?.pid) {
      try {
        process.kill(this.process.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    }
    this.process = null;
  }

  /** End it, its kernels and its runners. */
  close(): void {
    this.kill();
    try {
      execFileSync('pkill', ['-9', '-f', this.root]);
    } catch {
      // There was none.
    }
  }

  /** Layout and settings of its own: what another test left open is not restored here. */
  private apart(): Record<string, string> {
    const settings = `${this.root}-settings`;
    return {
      JUPYTERLAB_WORKSPACES_DIR: `${this.root}-layout`,
      JUPYTERLAB_SETTINGS_DIR: settings,
      JUPYTER_CONFIG_DIR: this.config,
      ...(this.options.language ? speak(this.options.language, settings) : {})
    };
  }

  /** The configuration file of a server with an authorizer of its own. */
  private guest(): string[] {
    const { authorizer } = this.options;
    if (!authorizer) {
      return [];
    }
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'datum-guest-')), 'config.py');
    fs.writeFileSync(file, `${authorizer}\nc.ServerApp.authorizer_class = Guest\n`);
    return [`--config=${file}`];
  }

  private async answers(): Promise<void> {
    const end = Date.now() + 60000;
    while (Date.now() < end) {
      if (await this.status()) {
        return;
      }
      await new Promise(done => setTimeout(done, 200));
    }
    throw new Error('the server does not answer within 60 s');
  }

  private status(): Promise<boolean> {
    return new Promise(done => {
      http
        .get(this.url('api/status'), response => {
          response.resume();
          done(response.statusCode === 200);
        })
        .on('error', () => done(false));
    });
  }

  private process: ChildProcess | null = null;
}

/** A language pack with one word of JupyterLab, put where Python finds it, and chosen. */
function speak(locale: string, settings: string): Record<string, string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'datum-pack-'));
  const write = (at: string, text: string) => {
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.writeFileSync(at, text);
  };
  const module = `stub_language_pack_${locale}`;
  const info = path.join(folder, `${module}-1.0.dist-info`);
  const plural = 'nplurals=2; plural=(n != 1);';
  const words = { '': { domain: 'jupyterlab', language: locale, plural_forms: plural } };
  write(path.join(folder, module, '__init__.py'), '');
  write(
    path.join(folder, module, 'locale', locale, 'LC_MESSAGES', 'jupyterlab.json'),
    JSON.stringify({ ...words, File: ['Datei'] })
  );
  write(path.join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${module}\nVersion: 1.0\n`);
  write(path.join(info, 'entry_points.txt'), `[jupyterlab.languagepack]\n${locale} = ${module}\n`);
  write(
    path.join(settings, '@jupyterlab', 'translation-extension', 'plugin.jupyterlab-settings'),
    JSON.stringify({ locale })
  );
  return { PYTHONPATH: [folder, process.env.PYTHONPATH].filter(Boolean).join(path.delimiter) };
}

function freePort(): Promise<number> {
  return new Promise(done => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });
}
