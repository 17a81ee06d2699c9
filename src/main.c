/* main.c: start order, signals, orderly stop. */
int
main(void)
{
    return 0;
}
