import { order } from './order.mjs';

order().then((answers) => console.log(answers));
