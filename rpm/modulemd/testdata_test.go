package modulemd

// modules is a file of two streams, as distributions write them, and what is said of
// them.
const modules = `---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  modified: 202012010000
  stream: "18"
  profiles:
    16: [common]
    18: [common, development]
...
---
document: modulemd
version: 2
data:
  name: nodejs
  stream: "18"
  version: 8090020240101000000
  context: a75119d5
  arch: x86_64
  summary: Javascript runtime
  description: >-
    Node.js is a platform built on Chrome's JavaScript runtime for easily building
    fast, scalable network applications.
  license:
    module:
    - MIT
    content:
    - MIT and ASL 2.0
  xmd: {}
  dependencies:
  - buildrequires:
      platform: [el8.9.0]
    requires:
      platform: [el8]
      python38: ["3.8"]
      ruby: [-2.5]
      perl: []
  profiles:
    common:
      description: What most need # at the end of a line
      rpms:
      - nodejs
      - npm
    development:
      rpms:
      - nodejs-devel
    empty:
      rpms: []
  api:
    rpms:
    - nodejs
    - nodejs-devel
  artifacts:
    rpms:
    - nodejs-1:18.19.0-1.module+el8.x86_64
    - nodejs-1:18.19.0-1.module+el8.src
    - nodejs-devel-1:18.19.0-1.module+el8.x86_64
    - npm-1:10.2.3-1.18.19.0.1.module+el8.x86_64
    rpm-map:
      sha256:
        ee47083ed80146eb2c84e9a94d0836393912185dcda62b9d93ee0c2ea5dc795b:
          name: npm
          epoch: 1
          version: 10.2.3
          release: 1.18.19.0.1.module+el8
          arch: x86_64
          nevra: npm-1:10.2.3-1.18.19.0.1.module+el8.x86_64
        ff47083ed80146eb2c84e9a94d0836393912185dcda62b9d93ee0c2ea5dc795b:
          name: nodejs
          epoch: 1
          version: 18.19.0
          release: 1.module+el8
          arch: x86_64
          nevra: nodejs-1:18.19.0-1.module+el8.x86_64
...
---
document: modulemd
version: 1
data:
  name: nodejs
  stream: "16"
  version: 5
  summary: Javascript runtime, ünicode
  description: |
    Lines
    ---- that look like marks
  license:
    module: [MIT]
  dependencies:
    requires:
      platform: el8
  profiles:
    common: {rpms: [nodejs]}
  artifacts: {rpms: ["nodejs-1:16.20.2-1.module+el8.x86_64"]}
---
document: modulemd-obsoletes
version: 1
data:
  modified: 2023-12-12T12:00Z
  module: nodejs
  stream: "16"
  eol_date: 2024-03-31T00:00Z
  message: Move on
  obsoleted_by:
    module: nodejs
    stream: "18"
...
---
document: modulemd-translations
version: 1
data:
  module: nodejs
  stream: "16"
  modified: 202001010000
  translations:
    de:
      summary: Javascript-Laufzeit
      description: Javascript
...
---
document: modulemd-translations
version: 1
data:
  module: elsewhere
  stream: "1"
  modified: 202001010000
  translations: {}
...
`
