"""What a carrier told of a parcel stays as it was told for five years; shipments and parcels are not removed.

An import list holds one parcel (packNo = 1): only goods of general trade go out in several.
"""

from django.db import migrations

from kernel.append_only import forgetting, no_change, no_delete

SEVERAL = """
CREATE FUNCTION logistics_refuse_several() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM logistics_shipment s JOIN orders_order o ON o.id = s.order_id
        WHERE s.id = NEW.shipment_id AND o.trade_mode = '0110'
    ) THEN
        RAISE EXCEPTION 'an import list holds one parcel' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER logistics_parcel_several BEFORE INSERT OR UPDATE OF single ON logistics_parcel
    FOR EACH ROW WHEN (NOT NEW.single) EXECUTE FUNCTION logistics_refuse_several()
"""
ONE = "DROP TRIGGER logistics_parcel_several ON logistics_parcel; DROP FUNCTION logistics_refuse_several()"


class Migration(migrations.Migration):
    dependencies = [
        ('logistics', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(SEVERAL, ONE),
        no_change("logistics_trackingevent"),
        forgetting("logistics_trackingevent", column="at", years=5),
        no_delete("logistics_shipment"),
        no_delete("logistics_parcel"),
        no_delete("logistics_parcelline"),
    ]
