#include <signal.h>
#include <stdio.h>

#include "crc32.h"
#include "suites.h"

int main(void)
{
    crc32_prepare();
    (void)signal(SIGPIPE, SIG_IGN);
    test_parts();
    test_payloads();
    test_users();
    test_conversation();
    test_streams();
    test_tar();
    test_transfer();
    test_demand();
    fprintf(stderr, "all unit tests of the guest agent passed\n");
    return 0;
}
