/* pdu.c: headers as bytes and as structs, from the rows of two .def files. */
#include "iscsi/pdu.h"

#include <string.h>

static const struct pdu_opcode_info opcodes[PDU_OPCODES] = {
#define OPCODE(symbol, code, name, layout, properties) [code] = {name, properties},
#include "iscsi/opcodes.def"
};

const struct pdu_opcode_info *
pdu_opcode_info(const uint8_t *header)
{
    const struct pdu_opcode_info *info = &opcodes[pdu_opcode(header)];

    return info->name != NULL ? info : NULL;
}

const char *
pdu_name(const uint8_t *header)
{
    const struct pdu_opcode_info *info = pdu_opcode_info(header);

    return info != NULL ? info->name : "unknown opcode";
}

/* From bytes to structs. */
/* clang-format off */
#define PDU(layout, opcode) \
    void pdu_##layout##_get(const uint8_t *header, struct pdu_##layout *p) {
#define FLAG(field, byte, mask)   p->field = (header[byte] & (mask)) != 0;
#define BITS(field, byte, mask)   p->field = (uint8_t)((header[byte] & (mask)) / ((mask) & -(mask)));
#define U8(field, byte)           p->field = header[byte];
#define U16(field, byte)          p->field = get_be16(header + (byte));
#define U32(field, byte)          p->field = get_be32(header + (byte));
#define U48(field, byte)          p->field = get_be48(header + (byte));
#define U64(field, byte)          p->field = get_be64(header + (byte));
#define BYTES(field, byte, count) memcpy(p->field, header + (byte), count);
#define ONES8(byte, mask)
#define ONES32(byte)
#define END                       }
#include "iscsi/pdu_fields.def"

/* From structs to bytes. (mask & -mask) is the mask's lowest bit. */
#define PDU(layout, opcode) \
    void pdu_##layout##_put(uint8_t *header, const struct pdu_##layout *p) { \
        memset(header, 0, PDU_HEADER_SIZE); \
        header[0] = PDU_##opcode;
#define FLAG(field, byte, mask)   if (p->field) header[byte] |= (mask);
#define BITS(field, byte, mask)   header[byte] |= (uint8_t)((p->field * ((mask) & -(mask))) & (mask));
#define U8(field, byte)           header[byte] = p->field;
#define U16(field, byte)          put_be16(header + (byte), p->field);
#define U32(field, byte)          put_be32(header + (byte), p->field);
#define U48(field, byte)          put_be48(header + (byte), p->field);
#define U64(field, byte)          put_be64(header + (byte), p->field);
#define BYTES(field, byte, count) memcpy(header + (byte), p->field, count);
#define ONES8(byte, mask)         header[byte] |= (mask);
#define ONES32(byte)              put_be32(header + (byte), 0xffffffff);
#define END                       }
#include "iscsi/pdu_fields.def"
/* clang-format on */

int
pdu_lun_number(uint64_t lun)
{
    unsigned method = (unsigned)(lun >> 62);
    unsigned number = (lun >> 48) & 0x3fff;

    if ((lun & 0xffffffffffff) != 0)
        return -1; /* a second level */
    if (method == 0)
        return number < 256 ? (int)number : -1; /* peripheral, bus 0 */
    return method == 1 ? (int)number : -1;      /* flat space */
}

uint64_t
pdu_lun_from_number(uint16_t number)
{
    uint64_t flat = number < 256 ? 0 : 0x4000;

    return (flat | number) << 48;
}
