import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules/**',
      'lib/**',
      'jupyter_datum/**',
      'ui-tests/**',
      'benchmarks/**',
      'docs/**',
      '**/*.js',
      '**/*.mjs',
      '.venv/**'
    ]
  },
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    languageOptions: { parserOptions: { project: './tsconfig.test.json' } },
    plugins: { jupyter },
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-redeclare': 'off',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'text from files and tracebacks is text' },
        { property: 'outerHTML', message: 'text from files and tracebacks is text' },
        { property: 'insertAdjacentHTML', message: 'text from files and tracebacks is text' }
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'text from files and tracebacks is text'
        }
      ],
      'jupyter/no-untranslated-string': 'error',
      curly: 'error',
      eqeqeq: 'error',
      'prefer-arrow-callback': 'off'
    }
  }
);
