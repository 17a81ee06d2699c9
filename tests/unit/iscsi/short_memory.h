/* short_memory.h: memory that is short when a PDU is to be sent. */
#ifndef TESTS_UNIT_ISCSI_SHORT_MEMORY_H
#define TESTS_UNIT_ISCSI_SHORT_MEMORY_H

/* After PDUS more PDUs none can be queued, in any session, until short_memory_ends(). */
void short_memory_begins(unsigned pdus);
void short_memory_ends(void);

#endif
