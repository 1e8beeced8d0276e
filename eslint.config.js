/**
 * Lint rules: typescript-eslint's strictest set, with types. What is tuned says why; prettier decides about form.
 */
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const subtest = { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }

export default defineConfig(
  { ignores: ['dist/', '.build/', '.tap/', 'data/', '**/*.js', '**/*.mjs'] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Without a default every case is wanted; a default says "and all others alike".
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // tap runs subtests one after the other by itself: `t.test(…)` needs no await.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafePromises: [subtest] }],
      // A contract promises; its in-memory version has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // `() => socket.close()`, `resolve(finish())` and `void task()` say here that the answer does not matter.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Numbers read well in text.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // What a test throws away by destructuring, or must take to reach a later argument, begins with _.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
)
