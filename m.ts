import { texts } from './bench/guard/texts.ts';
