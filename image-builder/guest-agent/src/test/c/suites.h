#ifndef MAYFLY_TEST_SUITES_H
#define MAYFLY_TEST_SUITES_H

void test_parts(void);
void test_payloads(void);
void test_users(void);
void test_conversation(void);
void test_streams(void);
void test_tar(void);
void test_transfer(void);
void test_demand(void);

#endif
