using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class RemoteRuns : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(name: "RemoteBatch", table: "Runs", type: "INTEGER", nullable: false, defaultValue: 0L);
            migrationBuilder.AddColumn<string>(name: "RemoteJson", table: "Runs", type: "TEXT", nullable: true);
            migrationBuilder.AddColumn<long>(name: "StopAskedTicks", table: "Runs", type: "INTEGER", nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(name: "RemoteBatch", table: "Runs");
            migrationBuilder.DropColumn(name: "RemoteJson", table: "Runs");
            migrationBuilder.DropColumn(name: "StopAskedTicks", table: "Runs");
        }
    }
}
