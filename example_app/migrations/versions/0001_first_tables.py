"""first tables

Revision ID: 0001
Revises:
Create Date: 2026-11-24 00:14:10.252548

"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

# revision identifiers, used by Alembic.
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('service',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=160), nullable=False),
    sa.Column('owner', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service')),
    sa.UniqueConstraint('name', name=op.f('uq_service_name'))
    )
    op.create_table('webhook_integration',
    sa.Column('id', sa.String(length=18), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=True),
    sa.Column('previous_token_hash', sa.String(length=64), nullable=True),
    sa.Column('previous_token_expires_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=True),
    sa.Column('capture_additional_data', sa.Boolean(), nullable=False),
    sa.Column('strict', sa.Boolean(), nullable=False),
    sa.Column('wrapper_key', sa.Text(), nullable=True),
    sa.Column('title_template', sa.Text(), nullable=True),
    sa.Column('description_template', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_integration')),
    mariadb_charset='utf8mb4',
    mysql_charset='utf8mb4'
    )
    op.create_table('webhook_alert',
    sa.Column('service_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('integration_id', sa.String(length=18), nullable=False),
    sa.Column('thirdparty_id', sa.String(length=512), nullable=False),
    sa.Column('active_key', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('title', sa.Text().with_variant(mysql.LONGTEXT(), 'mariadb').with_variant(mysql.LONGTEXT(), 'mysql'), nullable=False),
    sa.Column('description', sa.Text().with_variant(mysql.LONGTEXT(), 'mariadb').with_variant(mysql.LONGTEXT(), 'mysql'), nullable=True),
    sa.Column('urgency', sa.String(length=16), nullable=True),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('meta', sa.JSON(), nullable=False),
    sa.Column('additional_data', sa.JSON(), nullable=False),
    sa.Column('dedup_keys', sa.JSON(), nullable=False),
    sa.Column('incident', sa.Boolean(), nullable=False),
    sa.Column('incident_severity', sa.String(length=16), nullable=True),
    sa.Column('incident_message', sa.Text().with_variant(mysql.LONGTEXT(), 'mariadb').with_variant(mysql.LONGTEXT(), 'mysql'), nullable=True),
    sa.Column('occurrences', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.Column('last_received_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=True),
    sa.Column('resolved_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=True),
    sa.ForeignKeyConstraint(['integration_id'], ['webhook_integration.id'], name=op.f('fk_webhook_alert_integration_id_webhook_integration')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_webhook_alert_service_id_service'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_alert')),
    sa.UniqueConstraint('integration_id', 'active_key', name='uq_webhook_alert_active'),
    mariadb_charset='utf8mb4',
    mysql_charset='utf8mb4',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('webhook_alert', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_alert_status', ['status', 'id'], unique=False)

    op.create_table('webhook_alert_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('alert_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.Column('by', sa.String(length=255), nullable=True),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('delivered_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=True),
    sa.Column('delivered_to', sa.JSON(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=True),
    sa.Column('last_error', sa.Text().with_variant(mysql.LONGTEXT(), 'mariadb').with_variant(mysql.LONGTEXT(), 'mysql'), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['webhook_alert.id'], name=op.f('fk_webhook_alert_event_alert_id_webhook_alert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_alert_event')),
    sa.UniqueConstraint('alert_id', 'id', name='uq_webhook_alert_event'),
    mariadb_charset='utf8mb4',
    mysql_charset='utf8mb4',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('webhook_alert_event', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_alert_event_next_attempt_at', ['next_attempt_at'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.create_table('notification',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('alert_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('owner', sa.String(length=80), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['webhook_alert.id'], name=op.f('fk_notification_alert_id_webhook_alert'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['event_id'], ['webhook_alert_event.id'], name=op.f('fk_notification_event_id_webhook_alert_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notification')),
    sa.UniqueConstraint('event_id', name=op.f('uq_notification_event_id'))
    )


def downgrade():
    op.drop_table('notification')
    with op.batch_alter_table('webhook_alert_event', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_alert_event_next_attempt_at', sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.drop_table('webhook_alert_event')
    with op.batch_alter_table('webhook_alert', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_alert_status')

    op.drop_table('webhook_alert')
    op.drop_table('webhook_integration')
    op.drop_table('service')
