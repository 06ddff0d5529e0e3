"""Direct mail comes in on a bill, and its site enters it; what a list has told of the bill stays."""

from django.db import migrations

from kernel.append_only import no_delete, only_update

# A list in any other state is at customs, or was.
_UNTOLD = "('waiting', 'documents', 'blocked', 'rejected', 'ended', 'cancelled')"
_TOLD = f"""
CREATE FUNCTION customs_consignment_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM customs_consignedparcel c JOIN logistics_parcel p ON p.id = c.parcel_id
        JOIN logistics_shipment s ON s.id = p.shipment_id
        JOIN customs_declaration d ON d.order_id = s.order_id
        WHERE c.taken_off_at IS NULL AND d.state NOT IN {_UNTOLD}
        AND CASE TG_TABLE_NAME WHEN 'customs_consignment' THEN c.consignment_id ELSE c.id END = OLD.id
    ) THEN
        RAISE EXCEPTION 'what a list at customs says of its consignment stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customs_consignment_told BEFORE UPDATE ON customs_consignment FOR EACH ROW WHEN (
    (NEW.bill_no, NEW.voyage_no, NEW.traffic_no, NEW.port_code)
    IS DISTINCT FROM (OLD.bill_no, OLD.voyage_no, OLD.traffic_no, OLD.port_code)
) EXECUTE FUNCTION customs_consignment_stays();
CREATE TRIGGER customs_parcel_told BEFORE UPDATE ON customs_consignedparcel FOR EACH ROW WHEN (
    NEW.taken_off_at IS DISTINCT FROM OLD.taken_off_at
) EXECUTE FUNCTION customs_consignment_stays()
"""
_BACK = """
DROP TRIGGER customs_parcel_told ON customs_consignedparcel;
DROP TRIGGER customs_consignment_told ON customs_consignment;
DROP FUNCTION customs_consignment_stays()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0002_what_was_told_stays'),
        ('logistics', '0003_shipping_info'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RunSQL(_TOLD, _BACK),
        no_delete("customs_consignment"),
        no_delete("customs_consignedparcel"),
        only_update("customs_consignedparcel", columns=["taken_off_at", "told_bill"]),
        no_delete("customs_warehouseentry"),
    ]
