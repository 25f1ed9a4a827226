using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RroDashboard.Data.Migrations
{
    /// <inheritdoc />
    public partial class RunKeeping : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(name: "ArchivedTicks", table: "Runs", type: "INTEGER", nullable: true);
            migrationBuilder.AddColumn<bool>(name: "Crashed", table: "Runs", type: "INTEGER", nullable: false, defaultValue: false);
            migrationBuilder.AddColumn<long>(name: "DeletedTicks", table: "Runs", type: "INTEGER", nullable: true);
            migrationBuilder.AddColumn<long>(name: "HeartbeatTicks", table: "Runs", type: "INTEGER", nullable: true);
            migrationBuilder.AddColumn<string>(name: "Name", table: "Runs", type: "TEXT", nullable: false, defaultValue: "");
            migrationBuilder.AddColumn<string>(name: "Notes", table: "Runs", type: "TEXT", nullable: false, defaultValue: "");
            migrationBuilder.AddColumn<string>(name: "Tags", table: "Runs", type: "TEXT", nullable: false, defaultValue: "");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(name: "ArchivedTicks", table: "Runs");
            migrationBuilder.DropColumn(name: "Crashed", table: "Runs");
            migrationBuilder.DropColumn(name: "DeletedTicks", table: "Runs");
            migrationBuilder.DropColumn(name: "HeartbeatTicks", table: "Runs");
            migrationBuilder.DropColumn(name: "Name", table: "Runs");
            migrationBuilder.DropColumn(name: "Notes", table: "Runs");
            migrationBuilder.DropColumn(name: "Tags", table: "Runs");
        }
    }
}
