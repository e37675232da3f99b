#!/usr/bin/env node
'use strict';
require('../dist/command.js').main();
