"""refusals and search

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 04:01:49.483038

"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('webhook_rejection',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('integration_id', sa.String(length=18), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), 'mariadb').with_variant(mysql.DATETIME(fsp=6), 'mysql'), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_rejection')),
    mariadb_charset='utf8mb4',
    mysql_charset='utf8mb4'
    )
    with op.batch_alter_table('webhook_rejection', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_rejection_integration', ['integration_id', 'id'], unique=False)

    with op.batch_alter_table('webhook_alert', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_alert_integration_status', ['integration_id', 'status', 'id'], unique=False)

    with op.batch_alter_table('webhook_alert_event', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_alert_event_next_attempt_at', sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
        batch_op.create_index('ix_webhook_alert_event_undelivered', ['delivered_at', 'next_attempt_at'], unique=False, sqlite_where=sa.text('delivered_at IS NULL'), postgresql_where=sa.text('delivered_at IS NULL'))



def downgrade():
    with op.batch_alter_table('webhook_alert_event', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_alert_event_undelivered', sqlite_where=sa.text('delivered_at IS NULL'), postgresql_where=sa.text('delivered_at IS NULL'))
        batch_op.create_index('ix_webhook_alert_event_next_attempt_at', ['next_attempt_at'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    with op.batch_alter_table('webhook_alert', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_alert_integration_status')

    with op.batch_alter_table('webhook_rejection', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_rejection_integration')

    op.drop_table('webhook_rejection')
