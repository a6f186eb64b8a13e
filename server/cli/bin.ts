#!/usr/bin/env node
import { boot } from "../boot.ts";

await boot().run();
