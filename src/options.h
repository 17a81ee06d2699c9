/* options.h: the command line. */
