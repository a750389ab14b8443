import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    // The native SDKs have linters of their own, and what their builds leave is nobody's source.
    ignores: [
      "**/dist/",
      "**/node_modules/",
      "examples/",
      ".cache/",
      ".build/",
      "clients/{kotlin,swift,rust}/",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "scripts/*.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // Callbacks of libraries are often `() => thing()`, and the value is meant to be dropped.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "no-console": "error",
      // One way of private members, which holds when the program runs too.
      "no-restricted-syntax": [
        "error",
        ...[
          "PropertyDefinition[accessibility='private']",
          "MethodDefinition[accessibility='private'][kind!='constructor']",
          "TSParameterProperty[accessibility='private']",
        ].map((selector) => ({ selector, message: "Name a private member with # instead." })),
      ],
    },
  },
  {
    files: ["scripts/*.js", "eslint.config.js"],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ["test/**", "bench/**"],
    rules: {
      "no-console": "off",
      // chai's assertions are property accesses.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
