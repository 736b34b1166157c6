const { order } = require('./order.cjs');

order().then((answers) => console.log(answers));
